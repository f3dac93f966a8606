"""Random changes to training images, a batch at a time, all in TensorFlow.

One projective map an image does crop, rotation, shear, stretch, shift and flip together, bends are added to it, and it
samples straight to the size that the net is trained at, so that pixels are interpolated once.
"""

import math

import tensorflow as tf

from training.input.stateless_random import normal, uniform
from training.recipes.schema import Augment


def _between(n: tf.Tensor, reach: float) -> tf.Tensor:
    return uniform([n], -reach, reach)


def _maps(n: tf.Tensor, source: tf.Tensor, size: tf.Tensor, how: Augment) -> tf.Tensor:
    """[N,8]: for each image a map from output pixel to source pixel, about the two centres."""
    turn = _between(n, math.radians(how.rotation))
    shear = _between(n, math.tan(math.radians(how.shear)))
    stretch = tf.exp(_between(n, how.stretch / 2))
    zoom = uniform([n], how.zoom[0], how.zoom[1]) * source / size
    side = tf.where(uniform([n]) < 0.5, -1.0, 1.0) if how.flip else tf.ones([n])
    # a crop smaller than the image may lie anywhere inside it
    room = tf.maximum(0.0, 1 - zoom * size / source) / 2 + how.shift
    shift_x, shift_y = (uniform([n], -1, 1) * room * source for _ in range(2))
    a, b = side * zoom * stretch * tf.cos(turn), zoom * (shear - tf.sin(turn))
    c, d = side * zoom * tf.sin(turn), zoom / stretch * tf.cos(turn)
    out_centre, in_centre = (size - 1) / 2, (source - 1) / 2
    x = in_centre + shift_x - (a + b) * out_centre
    y = in_centre + shift_y - (c + d) * out_centre
    zero = tf.zeros([n])
    return tf.stack([a, b, x, c, d, y, zero, zero], axis=1)


def _colours(images: tf.Tensor, how: Augment) -> tf.Tensor:
    n = tf.shape(images)[0]

    def each(reach: float) -> tf.Tensor:
        return tf.reshape(_between(n, reach), [n, 1, 1, 1])

    if how.saturation:
        grey = tf.reduce_mean(images, axis=-1, keepdims=True)
        images = grey + (images - grey) * (1 + each(how.saturation))
    if how.contrast:
        mean = tf.reduce_mean(images, axis=[1, 2, 3], keepdims=True)
        images = mean + (images - mean) * (1 + each(how.contrast))
    if how.brightness:
        images = images + 255 * each(how.brightness)
    return tf.clip_by_value(images, 0.0, 255.0)


def geometry(images: tf.Tensor, size: tf.Tensor, how: Augment, fill: str) -> tf.Tensor:
    """float32 [N,size,size,C] from [N,H,H,C]; `fill` is what lies outside: "CONSTANT" (black) or "REFLECT"."""
    shape = tf.shape(images)
    maps = _maps(shape[0], tf.cast(shape[1], tf.float32), tf.cast(size, tf.float32), how)
    if how.elastic:
        return _bent(tf.cast(images, tf.float32), maps, size, how.elastic)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(images, tf.float32),
        transforms=maps,
        output_shape=tf.stack([size, size]),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode=fill,
    )


def _bent(images: tf.Tensor, maps: tf.Tensor, size: tf.Tensor, reach: float) -> tf.Tensor:
    """The maps and, on top, a smooth random displacement (after Simard et al. 2003); black outside."""
    n, side = tf.shape(images)[0], tf.cast(tf.shape(images)[1], tf.float32)
    bends = tf.image.resize(normal([n, 5, 5, 2], reach * side), [size, size], "bicubic")
    x, y = tf.meshgrid(tf.range(tf.cast(size, tf.float32)), tf.range(tf.cast(size, tf.float32)))
    a, b, c, d, e, f = (maps[:, at, None, None] for at in range(6))
    return _sampled(images, a * x + b * y + c + bends[..., 0], d * x + e * y + f + bends[..., 1])


def _sampled(images: tf.Tensor, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """[N,S,S,C] from [N,H,H,C]: the pictures at the places x, y [N,S,S], between pixels in proportion."""
    padded = tf.pad(images, [[0, 0], [1, 2], [1, 2], [0, 0]])
    wide = tf.shape(padded)[1]
    flat = tf.reshape(padded, [tf.shape(images)[0], wide * wide, images.shape[3]])
    x, y = (tf.clip_by_value(each + 1, 0.0, tf.cast(wide - 2, tf.float32)) for each in (x, y))
    left, top = tf.floor(x), tf.floor(y)
    corner = tf.cast(top, tf.int32) * wide + tf.cast(left, tf.int32)
    right, low = (x - left)[..., None], (y - top)[..., None]

    def at(offset: tf.Tensor | int) -> tf.Tensor:
        return tf.gather(flat, corner + offset, batch_dims=1)

    above, below = at(0) * (1 - right) + at(1) * right, at(wide) * (1 - right) + at(wide + 1) * right
    return above * (1 - low) + below * low


def _strokes(images: tf.Tensor, reach: float) -> tf.Tensor:
    """Light strokes on black made bolder or finer."""
    weight = tf.reshape(_between(tf.shape(images)[0], reach), [-1, 1, 1, 1])
    bold = tf.nn.max_pool2d(images, 3, 1, "SAME")
    fine = -tf.nn.max_pool2d(-images, 3, 1, "SAME")
    return images + tf.where(weight > 0, bold - images, images - fine) * weight


def _coarse(images: tf.Tensor, share: float) -> tf.Tensor:
    """Some images as if enlarged from a small scan: each pixel the mean of nine, the brightest as bright as before."""
    blurred = tf.nn.avg_pool2d(images, 3, 1, "SAME")
    brightest, left = (tf.reduce_max(each, axis=[1, 2, 3], keepdims=True) for each in (images, blurred))
    some = uniform([tf.shape(images)[0], 1, 1, 1]) < share
    return tf.where(some, blurred * brightest / tf.maximum(left, 1.0), images)


def mixup(images: tf.Tensor, labels: tf.Tensor, share: float) -> tuple[tf.Tensor, tf.Tensor]:
    """Some batches blended with themselves reversed, labels too (Zhang et al. 2018, mixup)."""
    blend = tf.where(uniform([]) < share, uniform([], 0.5, 1.0), 1.0)
    return blend * images + (1 - blend) * images[::-1], blend * labels + (1 - blend) * labels[::-1]


def cutmix(images: tf.Tensor, labels: tf.Tensor, share: float) -> tuple[tf.Tensor, tf.Tensor]:
    """Some batches with one box of each image from the batch reversed, labels by area (Yun et al. 2019, CutMix)."""
    side = tf.shape(images)[1]
    length = tf.sqrt(tf.where(uniform([]) < share, uniform([], 0.0, 0.5), 0.0))
    box = tf.cast(length * tf.cast(side, tf.float32), tf.int32)

    def inside() -> tf.Tensor:
        start = uniform([], 0, side - box + 1, tf.int32)
        return (tf.range(side) >= start) & (tf.range(side) < start + box)

    mask = (inside()[:, None] & inside()[None, :])[None, :, :, None]
    other = tf.square(tf.cast(box, tf.float32) / tf.cast(side, tf.float32))
    return tf.where(mask, images[::-1], images), (1 - other) * labels + other * labels[::-1]


def augment(
    images: tf.Tensor, labels: tf.Tensor, size: tf.Tensor, how: Augment, fill: str
) -> tuple[tf.Tensor, tf.Tensor]:
    """(images float32 [N,size,size,C] in [0, 255], labels float32 [N,K]) for training."""
    images = geometry(images, size, how, fill)
    if how.thickness:
        images = _strokes(images, how.thickness)
    if how.coarse:
        images = _coarse(images, how.coarse)
    images = _colours(images, how)
    if how.mixup:
        images, labels = mixup(images, labels, how.mixup)
    return cutmix(images, labels, how.cutmix) if how.cutmix else (images, labels)
