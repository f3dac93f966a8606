"""One row per picture: its file and what the service said, or the error."""

from typing import Any

from ..results import Prediction

Row = dict[str, Any]

# of CSV and Parquet; JSON lines have `probabilities` too
COLUMNS = ("file", "label", "probability", "outlier_score", "model", "version", "warnings", "error")


def make_row(name: str, outcome: Prediction | Exception, model: str) -> Row:
    if isinstance(outcome, Prediction):
        return {
            "file": name,
            "label": outcome.label,
            "probability": outcome.probability,
            "outlier_score": outcome.outlier_score,
            "model": outcome.model,
            "version": outcome.version,
            "warnings": " ".join(outcome.warnings) or None,
            "error": None,
            "probabilities": outcome.probabilities,
        }
    return dict.fromkeys(COLUMNS) | {"file": name, "model": model, "error": str(outcome), "probabilities": None}
