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
def ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A folder with one run that ended: mnist-dense, 3 epochs, the second the best, 96% on the test set."""
    monkeypatch.chdir(tmp_path)
    made = Run(run.RUNS / "mnist-dense", load_recipe("mnist-dense"))
    (made.candidate / "assets.extra").mkdir(parents=True)
    rows = [(0, 0.90, 0.5, 0.91, 0.4), (1, 0.95, 0.3, 0.96, 0.2), (2, 0.99, 0.1, 0.95, 0.3)]
    lines = ["epoch,accuracy,loss,val_accuracy,val_loss", *(",".join(map(str, row)) for row in rows)]
    made.history.write_text("\n".join(lines) + "\n")
    confusion = [[96 if true == said else 0 for said in range(10)] for true in range(10)]
    facts = {"recipe": {"name": "mnist-dense"}, "test": {"accuracy": 0.96, "images": 1000, "confusion": confusion}}
    body = {"name": "mnist-dense", "kind": "classifier", "labels": list("0123456789"), "image": IMAGE, "facts": facts}
    (made.candidate / "assets.extra/servable.json").write_text(json.dumps(body))
    return made


def test_the_page_sets_our_figure_beside_the_posts_and_names_what_is_missing(ended: Run, tmp_path: Path) -> None:
    text = write_page(tmp_path / "docs").read_text()
    row = next(line for line in text.splitlines() if line.startswith("| [mnist-dense]"))
    assert "96.00%" in row and "97.3%" in row and "epoch 2" in row
    assert "96.00%, lower than the post's 97.3%." in text
    assert "lowest after epoch 2 of 3" in text and "(validation loss 0.200 then, 0.300 at the end)" in text
    assert "- `mnist-logistic`:" in text and "- `mnist-dense`:" not in text


def test_every_picture_that_the_page_shows_exists(ended: Run, tmp_path: Path) -> None:
    page = write_page(tmp_path / "docs")
    shown = [part.split(")")[0] for part in page.read_text().split("](")[1:] if part.startswith("training/")]
    assert len(shown) == 2 and all((page.parent / name).stat().st_size > 1000 for name in shown)


def test_what_is_published_of_a_recipe_is_named_beside_its_run(ended: Run, tmp_path: Path) -> None:
    assert "its model card" not in write_page(tmp_path / "docs").read_text()
    shutil.copytree(ended.candidate, tmp_path / "models/mnist-dense/4")
    assert (
        "[its model card](../models/mnist-dense/4/assets.extra/README.md)" in write_page(tmp_path / "docs").read_text()
    )


def test_the_page_goes_on_saying_what_other_machines_have_run(ended: Run, tmp_path: Path) -> None:
    page = write_page(tmp_path / "docs")
    said = page.read_text()
    stored = read_results(page.parent / "training/results.json")
    stored.sections["losses"] = [studies.about("losses"), "", "Not run to its end yet.", "", "Measured elsewhere."]
    write_results(page.parent / "training/results.json", stored)
    shutil.rmtree(ended.folder)
    again = write_page(tmp_path / "docs").read_text()
    assert "Measured elsewhere." in again
    assert again.replace("Measured elsewhere.", "").split() == said.split()
    assert len(list((tmp_path / "docs/training").glob("mnist-dense-*.png"))) == 2


def test_what_is_run_here_takes_the_place_of_what_was_said(ended: Run, tmp_path: Path) -> None:
    page = write_page(tmp_path / "docs")
    results = page.parent / "training/results.json"
    results.write_text(results.read_text().replace("96.00%", "12.00%"))
    (page.parent / "training/gone.png").write_bytes(b"a picture that no section shows any more")
    assert "12.00%" not in write_page(tmp_path / "docs").read_text()
    assert not (page.parent / "training/gone.png").exists()
