"""How pictures are lit: evenly or not, with shadows, by a phone."""

import math

import numpy as np

from training.data.pictured_digits.ink import (
    SIDE,
    Field,
    Random,
    add_grain,
    draw_on,
    encode_jpeg,
    lay_ink,
    make_coordinates,
    photograph,
)


def draw_gradient(pixels: np.ndarray, rng: Random) -> bytes:
    down, across = make_coordinates(SIDE)
    angle = rng.uniform(0, 2 * math.pi)
    light = 1 - rng.uniform(0.3, 0.65) * (0.5 + 0.7 * (down * math.cos(angle) + across * math.sin(angle)))
    return photograph(lay_ink(pixels, rng), rng, light=light)


def _cast_shadow(rng: Random, side: int, softness: float) -> Field:
    """The light with a shadow whose edge, straight or bent once, crosses the sheet."""
    down, across = make_coordinates(side)
    edges = []
    for angle in (rng.uniform(0, 2 * math.pi), rng.uniform(0, 2 * math.pi))[: 1 + int(rng.random() < 0.3)]:
        edges.append(down * math.cos(angle) + across * math.sin(angle) - rng.uniform(-0.25, 0.25))
    inside = np.clip(np.minimum.reduce(edges) / softness + 0.5, 0, 1)
    return np.asarray(1 - rng.uniform(0.3, 0.65) * inside)


def draw_hard_shadow(pixels: np.ndarray, rng: Random) -> bytes:
    light = _cast_shadow(rng, SIDE, rng.uniform(0.005, 0.03))
    return photograph(lay_ink(pixels, rng), rng, light=light)


def draw_soft_shadow(pixels: np.ndarray, rng: Random) -> bytes:
    light = _cast_shadow(rng, SIDE, rng.uniform(0.2, 0.5))
    return photograph(lay_ink(pixels, rng), rng, light=light)


def draw_photograph(pixels: np.ndarray, rng: Random) -> bytes:
    """By a phone: a sheet on a darker table, in uneven light, of 1,024 pixels."""
    side = 1024
    down, across = make_coordinates(side)
    angle = rng.uniform(0, 2 * math.pi)
    light = 1 - rng.uniform(0.1, 0.4) * (0.5 + down * math.cos(angle) + across * math.sin(angle))
    grey = draw_on(lay_ink(pixels, rng, (0.2, 0.5), side), rng, light=light)
    edge = down + rng.normal(0, 0.1) * across if rng.random() < 0.5 else across + rng.normal(0, 0.1) * down
    if rng.random() < 0.5:
        grey = np.where(edge > rng.uniform(0.47, 0.5), rng.uniform(30, 90) * light, grey)
    return encode_jpeg(add_grain(grey, rng), rng)
