import json
import shutil
from pathlib import Path

import pytest

from training import run, studies
from training.recipes.loading import load_recipe
from training.report.page import write_page
from training.report.store import read_results, write_results
from training.run import Run

IMAGE = {"height": 28, "width": 28, "channels": 1, "treatment": "digit"}


@pytest.fixture
def finished_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A finished run of mnist-dense: 3 epochs, the second is the best, 96% accuracy on the test set."""
    monkeypatch.chdir(tmp_path)
    new_run = Run(run.RUNS / "mnist-dense", load_recipe("mnist-dense"))
    (new_run.candidate / "assets.extra").mkdir(parents=True)
    rows = [(0, 0.90, 0.5, 0.91, 0.4), (1, 0.95, 0.3, 0.96, 0.2), (2, 0.99, 0.1, 0.95, 0.3)]
    lines = ["epoch,accuracy,loss,val_accuracy,val_loss", *(",".join(map(str, row)) for row in rows)]
    new_run.history.write_text("\n".join(lines) + "\n")
    confusion = [[96 if true == predicted else 0 for predicted in range(10)] for true in range(10)]
    facts = {"recipe": {"name": "mnist-dense"}, "test": {"accuracy": 0.96, "images": 1000, "confusion": confusion}}
    body = {"name": "mnist-dense", "kind": "classifier", "labels": list("0123456789"), "image": IMAGE, "facts": facts}
    (new_run.candidate / "assets.extra/servable.json").write_text(json.dumps(body))
    return new_run


def test_page_compares_accuracy_with_the_post_and_lists_missing_runs(finished_run: Run, tmp_path: Path) -> None:
    text = write_page(tmp_path / "docs").read_text()
    row = next(line for line in text.splitlines() if line.startswith("| [mnist-dense]"))
    assert "96.00%" in row and "97.3%" in row and "epoch 2" in row
    assert "96.00%, lower than the post's 97.3%." in text
    assert "lowest after epoch 2 of 3" in text and "(validation loss 0.200 then, 0.300 at the end)" in text
    assert "- `mnist-logistic`:" in text and "- `mnist-dense`:" not in text


def test_every_picture_on_the_page_exists(finished_run: Run, tmp_path: Path) -> None:
    page = write_page(tmp_path / "docs")
    names = [part.split(")")[0] for part in page.read_text().split("](")[1:] if part.startswith("training/")]
    assert len(names) == 2 and all((page.parent / name).stat().st_size > 1000 for name in names)


def test_page_links_the_published_model_of_a_recipe(finished_run: Run, tmp_path: Path) -> None:
    assert "its model card" not in write_page(tmp_path / "docs").read_text()
    shutil.copytree(finished_run.candidate, tmp_path / "models/mnist-dense/4")
    assert (
        "[its model card](../models/mnist-dense/4/assets.extra/README.md)" in write_page(tmp_path / "docs").read_text()
    )


def test_page_keeps_the_results_of_other_machines(finished_run: Run, tmp_path: Path) -> None:
    page = write_page(tmp_path / "docs")
    before = page.read_text()
    stored = read_results(page.parent / "training/results.json")
    stored.sections["losses"] = [studies.describe("losses"), "", "Not run to its end yet.", "", "Measured elsewhere."]
    write_results(page.parent / "training/results.json", stored)
    shutil.rmtree(finished_run.folder)
    after = write_page(tmp_path / "docs").read_text()
    assert "Measured elsewhere." in after
    assert after.replace("Measured elsewhere.", "").split() == before.split()
    assert len(list((tmp_path / "docs/training").glob("mnist-dense-*.png"))) == 2


def test_new_results_replace_stored_ones(finished_run: Run, tmp_path: Path) -> None:
    page = write_page(tmp_path / "docs")
    results = page.parent / "training/results.json"
    results.write_text(results.read_text().replace("96.00%", "12.00%"))
    (page.parent / "training/gone.png").write_bytes(b"a picture that no section shows")
    assert "12.00%" not in write_page(tmp_path / "docs").read_text()
    assert not (page.parent / "training/gone.png").exists()
