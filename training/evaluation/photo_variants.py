"""How well a classifier of cats and dogs does on pictures as people take them, prepared by the service's own code."""

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from service.errors import BadImage
from service.images import prepare
from training.data.cats_dogs import iterate_test_files
from training.data.photo_variants import KINDS, make_variant
from training.evaluation.inference import RunModel, batch_inputs, run_servable
from training.export.manifest import read_manifest

COUNT = 400  # pictures of the test set per kind


def measure_accuracies(version_dir: Path, count: int = COUNT, run: RunModel = run_servable) -> dict[str, float]:
    """The accuracy by kind of variant (training.data.photo_variants). Raises DataMissing."""
    image_input = read_manifest(version_dir).image
    images: dict[str, list[np.ndarray]] = {kind: [] for kind in KINDS}
    labels = []
    for seed, (file, label) in enumerate(iterate_test_files(count)):
        try:
            prepare(file, image_input)  # the public archive holds a few files that are not images
        except BadImage:
            continue
        labels.append(label)
        picture = Image.open(BytesIO(file)).convert("RGB")
        for kind in KINDS:
            images[kind].append(prepare(make_variant(picture, kind, seed), image_input))
    stacked = np.concatenate([np.stack(images[kind]) for kind in KINDS])
    classes = run(version_dir, batch_inputs(images=stacked))["probabilities"].argmax(axis=1)
    correct = classes.reshape(len(KINDS), -1) == np.array(labels)
    return {kind: float(share) for kind, share in zip(KINDS, correct.mean(axis=1), strict=True)}
