"""What the service answers, as typed values."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Prediction:
    """What a classifier says about one image."""

    label: str
    probability: float
    probabilities: dict[str, float]  # by label; with `top`, only the most probable
    model: str
    version: int
    outlier_score: float | None = None  # None if the model has none
    warnings: tuple[str, ...] = ()  # such as truncated: the file lacks its last bytes


@dataclass(frozen=True)
class Explanation:
    """Where in an image the answer comes from.

    `map` has rows from the top, columns from the left: what each place says for the label, more than for the labels on
    average.
    """

    label: str
    probability: float
    map: list[list[float]]
    model: str
    version: int
    warnings: tuple[str, ...] = ()  # as of a prediction


@dataclass(frozen=True)
class Samples:
    """What a generator drew. The same model, version, seed, label and truncation always give the same image."""

    model: str
    version: int
    seeds: list[int]
    labels: list[str]
    truncation: float
    images: list[bytes]  # PNG files


@dataclass(frozen=True)
class Model:
    """A model that the service offers, with the version that answers by default."""

    name: str
    version: int
    task: str  # predict or generate
