"""The LiteRT form of a version: where it lies, and how it runs. The engine serves it, training measures it."""

from pathlib import Path

LITERT_PATH = Path("assets.extra") / "model.tflite"  # within a version's folder
