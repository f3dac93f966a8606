"""How well `outlier_score` separates pictures of other things from a classifier's test images."""

from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from training.data import Dataset
from training.data.out_of_distribution import other_model_pictures, prepare_chunks, scikit_image_pictures
from training.errors import DataMissing
from training.evaluation.inference import RunModel, run_servable


def measure_aurocs(
    version_dir: Path, test_scores: np.ndarray, data: Dataset, run: RunModel = run_servable
) -> dict[str, float]:
    """The area under the ROC curve by source of outliers: how often an outlier scores above a test image.

    `test_scores` [N] are those of the test images. A source that is not on this machine is left out.
    """
    sources = {
        "the other model's test images": other_model_pictures(data.name),
        "scikit-image": scikit_image_pictures(),
    }
    aurocs = {}
    for title, pictures in sources.items():
        batches = ({"images": images} for images in prepare_chunks(pictures, data))
        try:
            outlier_scores = run(version_dir, batches)["outlier_score"]
        except DataMissing:
            continue
        is_outlier = np.repeat([0, 1], [len(test_scores), len(outlier_scores)])
        aurocs[title] = float(roc_auc_score(is_outlier, np.concatenate([test_scores, outlier_scores])))
    return aurocs
