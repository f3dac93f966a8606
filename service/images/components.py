"""Connected components of a mask, and which of them are the digit."""

from dataclasses import dataclass

import numpy as np


@dataclass
class Component:
    """One connected part: its cells' runs, its ink, its box in cells (top, left, bottom, right; ends excluded)."""

    runs: list[tuple[int, int, int]]
    weight: float
    box: tuple[int, int, int, int]
    at_edge: int

    def gap(self, other: "Component") -> float:
        """Cells between the two boxes along the axis where they are farthest apart; 0 where they overlap."""
        down = max(self.box[0] - other.box[2], other.box[0] - self.box[2])
        across = max(self.box[1] - other.box[3], other.box[1] - self.box[3])
        return max(down, across, 0)

    @property
    def side(self) -> int:
        return max(self.box[2] - self.box[0], self.box[3] - self.box[1])

    def frames(self, height: int, width: int) -> bool:
        """Whether it runs along the picture's edge, or as a bar from one edge to the opposite one."""
        top, left, bottom, right = self.box
        across = (top == 0 and bottom == height) or (left == 0 and right == width)
        filled = sum(end - start for _, start, end in self.runs) > 0.8 * (bottom - top) * (right - left)
        return self.at_edge > self.side or (across and filled)


def select_digit(weights: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """bool [H,W]: the cells of `mask` (bool [H,W]) that belong to the digit; `weights` float [H,W] is their ink.

    The heaviest part is the digit, unless it frames the picture (a shadow, the table beside the paper) and another
    has a fiftieth of its weight. A part of an eighth of the digit's weight belongs to it, as a lesser one near it does.
    """
    parts = find_components(weights, mask)
    chosen = np.zeros_like(mask)
    if not parts:
        return chosen
    framing = [part.frames(*mask.shape) for part in parts]
    main = max(zip(parts, framing, strict=True), key=lambda pair: pair[0].weight * (0.02 if pair[1] else 1.0))[0]
    for part, frames in zip(parts, framing, strict=True):
        if part is main or (not frames and _belongs(part, main)):
            for row, start, end in part.runs:
                chosen[row, start:end] = True
    return chosen


def _belongs(part: Component, main: Component) -> bool:
    share = part.weight / max(main.weight, 1e-9)
    near = part.gap(main) <= 0.15 * main.side
    return share >= (0.02 if near else 0.125)


def find_components(weights: np.ndarray, mask: np.ndarray) -> list[Component]:
    """The 8-connected parts of `mask`, found by joining each row's runs with those of the row above."""
    runs = _runs(mask)
    parent = list(range(len(runs)))

    def root(run: int) -> int:
        while parent[run] != run:
            parent[run] = parent[parent[run]]
            run = parent[run]
        return run

    above = 0
    for run, (row, start, end) in enumerate(runs):
        while above < run and (runs[above][0] < row - 1 or (runs[above][0] == row - 1 and runs[above][2] < start)):
            above += 1
        other = above
        while other < run and runs[other][0] == row - 1 and runs[other][1] <= end:
            parent[root(other)] = root(run)
            other += 1
    groups: dict[int, list[tuple[int, int, int]]] = {}
    for run in range(len(runs)):
        groups.setdefault(root(run), []).append(runs[run])
    return [_part(group, weights) for group in groups.values()]


def _runs(mask: np.ndarray) -> list[tuple[int, int, int]]:
    """(row, start, end) of each unbroken stretch of true cells, in reading order."""
    padded = np.zeros((mask.shape[0], mask.shape[1] + 2), dtype=np.int8)
    padded[:, 1:-1] = mask
    steps = np.diff(padded, axis=1)
    rows, starts = np.nonzero(steps == 1)
    ends = np.nonzero(steps == -1)[1]
    return list(zip(rows.tolist(), starts.tolist(), ends.tolist(), strict=True))


def _part(runs: list[tuple[int, int, int]], weights: np.ndarray) -> Component:
    height, width = weights.shape
    weight = float(sum(weights[row, start:end].sum() for row, start, end in runs))
    rows = [row for row, _, _ in runs]
    box = (min(rows), min(start for _, start, _ in runs), max(rows) + 1, max(end for _, _, end in runs))
    at_edge = sum(
        (end - start) * ((row == 0) + (row == height - 1)) + (start == 0) + (end == width) for row, start, end in runs
    )
    return Component(runs, weight, box, at_edge)
