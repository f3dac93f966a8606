"""A version is published with a LiteRT form, measured beside its SavedModel, or not at all if the form is worse."""

from pathlib import Path
from typing import Any

import pytest

from service.litert import LITERT_PATH
from tests.unit.training.publish.test_publish import _candidate, _data
from training import model_store
from training.errors import PublishError
from training.export import litert
from training.export.manifest import read_manifest
from training.publish import litert_form, publish
from training.publish.litert_form import find_failures


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(model_store, "MODELS", tmp_path / "models")
    return tmp_path


def make_figures(**changes: Any) -> dict[str, Any]:
    old = {"accuracy": 0.98, "ece": 0.01, "outliers": {"a": 0.99, "b": 0.98}}
    return {"saved_model": old, "form": old | changes, "changes": {"probability": 0.001, "labels": 0.001}}


@pytest.mark.parametrize(
    ("figures", "failures"),
    [
        (make_figures(), 0),
        (make_figures(accuracy=0.9785, ece=0.015, outliers={"a": 0.985, "b": 0.98}), 0),
        (make_figures(accuracy=0.978), 1),
        (make_figures(ece=0.016), 1),
        (make_figures(outliers={"a": 0.99, "b": 0.974}), 1),
        (make_figures() | {"changes": {"probability": 0.005, "labels": 0.0025}}, 2),
        ({"saved_model": {}, "form": {}, "changes": {"grey_levels": 2.0}}, 1),
    ],
)
def test_form_may_be_worse_by_so_much_and_no_more(figures: dict[str, Any], failures: int) -> None:
    assert len(find_failures(figures)) == failures


def test_published_version_has_a_form_and_both_columns_on_its_card(folder: Path) -> None:
    version_dir, _ = publish.publish(_candidate(folder / "a", 1.0), _data(), quantisation="none")
    figures = read_manifest(version_dir).facts["litert"]
    assert figures["saved_model"] == figures["form"] == {"accuracy": 1.0, "ece": 0.0}
    assert figures["changes"]["labels"] == 0 and figures["quantisation"] == "none"
    assert figures["bytes"] == (version_dir / LITERT_PATH).stat().st_size
    card = (version_dir / "assets.extra/README.md").read_text()
    assert "| accuracy | 1.0000 | 1.0000 |" in card and "answers that differ" in card


def test_version_whose_form_is_worse_is_not_published(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = litert.convert(_candidate(folder / "wrong", 0.8))
    monkeypatch.setattr(litert_form, "convert", lambda version_dir: wrong)
    with pytest.raises(PublishError, match=r"accuracy: 0\.8000 after 1\.0000.*Change of labels"):
        publish.publish(_candidate(folder / "a", 1.0), _data(), quantisation="none")
    assert model_store.list_versions("rule") == []


def test_published_version_gets_a_form_later(folder: Path) -> None:
    version_dir, _ = publish.publish(_candidate(folder / "a", 1.0), _data())
    assert not (version_dir / LITERT_PATH).exists()
    publish.add_form(version_dir, _data(), "none")
    assert (version_dir / LITERT_PATH).exists()
    assert "LiteRT form" in (version_dir / "assets.extra/README.md").read_text()


def test_version_that_cannot_be_converted_is_published_and_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(version_dir: Path) -> bytes:
        raise litert.NotConvertible("LiteRT cannot run it: a reason.")

    monkeypatch.setattr(litert_form, "convert", fail)
    version_dir, _ = publish.publish(_candidate(folder / "a", 1.0), _data(), quantisation="none")
    assert "LiteRT cannot run it: a reason." in (version_dir / "assets.extra/README.md").read_text()
