"""How well `outlier_score` tells pictures of other things from those that a classifier knows."""

from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from training.data import Dataset
from training.data.out_of_distribution import other_model_pictures, prepare_chunks, scikit_image_pictures
from training.errors import DataMissing
from training.evaluation import inference


def aurocs(version_dir: Path, scores: np.ndarray, data: Dataset) -> dict[str, float]:
    """By source of strangers, how often a stranger's score is above that of a test image (area under the ROC curve).

    `scores` are those of the test images. A source that is not on this machine is left out.
    """
    sources = {
        "the other model's test images": other_model_pictures(data.name),
        "scikit-image": scikit_image_pictures(),
    }
    found = {}
    for title, pictures in sources.items():
        asked = ({"images": images} for images in prepare_chunks(pictures, data))
        try:
            strange = inference.outputs(version_dir, asked)["outlier_score"]
        except DataMissing:
            continue
        truth = np.repeat([0, 1], [len(scores), len(strange)])
        found[title] = float(roc_auc_score(truth, np.concatenate([scores, strange])))
    return found
