"""When a version's files are taken, and what serves while they are not."""

import json
import logging
import os
import shutil
from pathlib import Path

import pytest

from service import metrics
from service.catalog import Version
from service.engine import version_check
from service.engine.required_models import RequiredModels
from service.manifest import read_manifest
from tests.support.model_folder import ModelFolder


@pytest.fixture
def models(tmp_path: Path) -> ModelFolder:
    return ModelFolder(tmp_path / "models")


def get_version(models: ModelFolder, number: int, name: str = "net") -> Version:
    return models.repository.catalog.models[name].versions[number]


def count_refused(reason: str, name: str = "net") -> float:
    return metrics.VERSION_REFUSED.labels(name, reason)._value.get()


def read_errors(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    about_policies = "service.engine.version_policy"  # there is no such file here
    return [record for record in caplog.records if record.levelno >= logging.ERROR and record.name != about_policies]


def describe(version_dir: Path, kind: str = "classifier", labels: str = "ab") -> None:
    image = {"height": 8, "width": 8, "channels": 1, "treatment": "digit"}
    manifest = {"name": "net", "kind": kind, "labels": list(labels), "image": image}
    (version_dir / "assets.extra").mkdir(exist_ok=True)
    (version_dir / "assets.extra" / "servable.json").write_text(json.dumps(manifest))


def test_a_version_is_not_loaded_before_two_looks_found_the_same_files(models: ModelFolder) -> None:
    folder = models.add_version(1)
    for turn in range(3):
        (folder / "variables" / "data").write_text("x" * turn)
        models.repository.refresh()
        assert (get_version(models, 1).state, get_version(models, 1).error) == ("START", "")
    assert models.events == []
    models.repository.refresh()
    assert models.events == ["load 1", "open 1"]


def test_a_version_that_changes_while_it_is_loaded_is_not_taken(models: ModelFolder) -> None:
    folder = models.add_version(1)
    models.before_load = lambda: (folder / "variables" / "data").write_text(str(len(models.events)))
    assert models.refresh() == []
    assert "changed while it was loaded" in get_version(models, 1).error
    models.before_load = lambda: None
    assert models.refresh() == [("net", 1)]


def test_what_serves_stays_until_its_successor_has_come(models: ModelFolder) -> None:
    """Version 2 is deleted: version 1, which was never loaded, is looked at twice before 2 goes."""
    models.add_version(1)
    newest = models.add_version(2)
    models.refresh()
    shutil.rmtree(newest)
    models.repository.refresh()
    assert models.get_default() == 2
    models.repository.refresh()
    assert models.get_default() == 1


@pytest.mark.parametrize("kind", ["pipe", "dangling", "folder"])
def test_a_graph_that_is_no_file_stops_no_other_version(
    models: ModelFolder, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = count_refused("files", "broken")
    graph = models.add_version(1, name="broken") / "saved_model.pb"
    graph.unlink()
    {"pipe": os.mkfifo, "dangling": lambda path: path.symlink_to("nowhere"), "folder": os.mkdir}[kind](graph)
    models.add_version(1)
    assert models.refresh() == [("net", 1)]
    models.add_version(2)
    assert models.refresh() == [("net", 2)]
    broken = get_version(models, 1, "broken")
    assert broken.state == "END" and "saved_model.pb" in broken.error
    assert count_refused("files", "broken") == before + 1
    (record,) = read_errors(caplog)
    assert broken.error in record.getMessage() and not record.exc_info


def test_a_mended_version_is_loaded(models: ModelFolder) -> None:
    graph = models.add_version(1) / "saved_model.pb"
    graph.unlink()
    os.mkfifo(graph)
    models.refresh()
    graph.unlink()
    models.add_version(1)
    assert models.refresh() == [("net", 1)]


def test_a_refusal_is_one_line_without_a_traceback_or_a_path(
    models: ModelFolder, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ValueError(f"Cannot parse {models.folder}/net/1/saved_model.pb\nand more")

    before = count_refused("load")
    models.add_version(1)
    models.before_load = fail
    for _ in range(3):
        models.refresh()
    assert get_version(models, 1).error == "Cannot parse net/1/saved_model.pb"
    (record,) = read_errors(caplog)
    assert record.getMessage().endswith("Cannot parse net/1/saved_model.pb") and not record.exc_info
    assert count_refused("load") == before + 1


def test_a_number_beyond_18_digits_is_told_and_changes_nothing(
    models: ModelFolder, caplog: pytest.LogCaptureFixture
) -> None:
    before = count_refused("number")
    models.add_version(1)
    models.add_version(2**63)
    for _ in range(2):
        assert models.refresh() == [("net", 1)]
    assert count_refused("number") == before + 1
    assert len([record for record in caplog.records if "18 digits" in record.getMessage()]) == 1


@pytest.mark.parametrize("loss", ["missing", "empty", "a file"])
def test_versions_serve_on_while_the_whole_folder_is_away(
    models: ModelFolder, loss: str, caplog: pytest.LogCaptureFixture
) -> None:
    models.add_version(1)
    models.refresh()
    elsewhere = models.folder.rename(models.folder.with_name("elsewhere"))
    if loss == "empty":
        models.folder.mkdir()
        (models.folder / "lost+found").mkdir()
    elif loss == "a file":
        models.folder.write_text("")
    for _ in range(3):
        assert models.refresh() == [("net", 1)]
    assert models.repository.catalog.ready
    assert metrics.MODEL_DIR_PROBLEM._value.get() == 1
    lines = [record.getMessage() for record in caplog.records if "INKPAW_MODEL_DIR" in record.getMessage()]
    assert len(lines) == 1 and "go on serving" in lines[0]
    if loss == "a file":
        models.folder.unlink()
    else:
        shutil.rmtree(models.folder, ignore_errors=True)
    elsewhere.rename(models.folder)
    models.add_version(2)
    assert models.refresh() == [("net", 2)]
    assert metrics.MODEL_DIR_PROBLEM._value.get() == 0


def test_a_folder_that_is_missing_at_the_start_is_told_again_each_minute(
    models: ModelFolder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(models.repository._watch._dir_log, "_clock", lambda: now)
    for now in (1000.0, 1002.0, 1059.0, 1060.0, 1062.0, 1119.0, 1120.0):  # noqa: B007
        models.repository.refresh()
    lines = [record.getMessage() for record in caplog.records if "INKPAW_MODEL_DIR" in record.getMessage()]
    assert len(lines) == 3 and len(set(lines)) == 1
    assert str(models.folder) in lines[0] and "No such file or directory" in lines[0]
    assert metrics.MODEL_DIR_PROBLEM._value.get() == 1
    models.add_version(1)
    assert models.refresh() == [("net", 1)]


def test_a_model_whose_folder_cannot_be_read_serves_on(models: ModelFolder, caplog: pytest.LogCaptureFixture) -> None:
    models.add_version(1)
    models.add_version(1, name="other")
    models.refresh()
    elsewhere = (models.folder / "net").rename(models.folder.parent / "net")
    (models.folder / "net").symlink_to("net")  # a loop: reading it is an error, for root too
    for _ in range(3):
        assert models.refresh() == [("net", 1), ("other", 1)]
    assert len(read_errors(caplog)) == 1
    (models.folder / "net").unlink()
    elsewhere.rename(models.folder / "net")
    assert models.refresh() == [("net", 1), ("other", 1)]
    shutil.rmtree(models.folder / "net")
    assert models.refresh() == [("other", 1)], "one that was deleted goes"


def test_a_version_without_a_manifest_does_not_replace_one_that_has_it(models: ModelFolder) -> None:
    describe(models.add_version(1))
    models.refresh()
    folder = models.add_version(2)
    for _ in range(2):
        assert models.refresh() == [("net", 1)]
    assert get_version(models, 2).error == "It has no servable.json, and version 1 is a classifier."
    again = ModelFolder(models.folder)
    assert again.refresh() == [("net", 1)], "nor after a restart"
    describe(folder)
    assert models.refresh() == [("net", 2)]


def test_a_version_of_another_kind_does_not_replace(models: ModelFolder) -> None:
    old = models.add_version(1)
    describe(old)
    models.refresh()
    describe(models.add_version(2), "generator")
    assert models.refresh() == [("net", 1)]
    assert get_version(models, 2).error == "It is a generator, and version 1 is a classifier."
    shutil.rmtree(old)
    assert models.refresh() == [("net", 2)], "it may once the older one is gone"


def test_a_manifest_that_is_a_pipe_or_nonsense_is_refused(models: ModelFolder) -> None:
    manifest = models.add_version(1) / "assets.extra" / "servable.json"
    manifest.parent.mkdir()
    manifest.write_text("[" * 100_000)
    assert models.refresh() == []
    assert "servable.json" in get_version(models, 1).error
    manifest.write_bytes(b'{"name": "\xff"}')
    assert models.refresh() == []
    assert "servable.json" in get_version(models, 1).error


def test_files_replaced_in_place_are_loaded_beside_the_old_and_swapped(models: ModelFolder) -> None:
    models.add_version(1, "old")
    models.refresh()
    old = models.open["net", 1]
    generation = models.repository.catalog.generation
    models.before_load = lambda: models.events.append(f"{models.get_default()} answers, unloaded: {old.unloaded}")
    models.add_version(1, "brand new")
    models.refresh()
    assert models.open["net", 1].text == "brand new"
    assert models.events == ["load 1", "open 1", "1 answers, unloaded: False", "load 1", "open 1"]
    assert old.unloaded
    assert models.repository.catalog.generation > generation


def test_a_link_that_is_swung_is_loaded_anew(models: ModelFolder) -> None:
    for name in ("a", "b"):
        models.add_version(1, name, name=name).rename(models.folder.parent / name)
        shutil.rmtree(models.folder / name)
    link = models.folder / "net" / "1"
    link.parent.mkdir()
    link.symlink_to(models.folder.parent / "a")
    models.refresh()
    beside = link.with_name("beside")
    beside.symlink_to(models.folder.parent / "b")
    beside.rename(link)
    models.refresh()
    assert models.open["net", 1].text == "b"


def test_broken_files_put_in_place_leave_the_version_as_it_is(models: ModelFolder) -> None:
    folder = models.add_version(1, "good")
    models.refresh()
    events = len(models.events)
    models.add_version(1, "broken")
    for _ in range(3):
        assert models.refresh() == [("net", 1)]
    assert models.open["net", 1].text == "good" and not models.open["net", 1].unloaded
    assert (get_version(models, 1).state, get_version(models, 1).error) == ("AVAILABLE", "it is broken")
    assert models.events[events:] == ["load 1"], "the broken files are tried once"
    assert models.repository.catalog.ready
    (folder / "saved_model.pb").write_text("mended")
    models.refresh()
    assert (models.open["net", 1].text, get_version(models, 1).error) == ("mended", "")


def test_a_manifest_changed_in_place_needs_a_new_number(models: ModelFolder) -> None:
    """A worker knows the labels by the version's number: it must never read new answers by old labels."""
    folder = models.add_version(1, "good")
    describe(folder, labels="ab")
    models.refresh()
    models.open["net", 1].manifest = read_manifest(folder)  # type: ignore[assignment]
    describe(folder, labels="ba")
    models.refresh()
    assert models.events == ["load 1", "open 1"]
    assert "give the new files a new number" in get_version(models, 1).error


def test_unload_first_makes_room_before_it_loads(tmp_path: Path) -> None:
    models = ModelFolder(tmp_path, unload_first=True)
    models.add_version(1)
    models.refresh()
    models.add_version(2)
    models.refresh()
    assert models.events == ["load 1", "open 1", "close 1", "load 2", "open 2"]
    models.add_version(2, "changed")
    models.refresh()
    assert models.events[-3:] == ["close 2", "load 2", "open 2"]


def test_unload_first_goes_back_at_once_if_the_new_one_fails(tmp_path: Path) -> None:
    models = ModelFolder(tmp_path, unload_first=True)
    models.add_version(1)
    models.refresh()
    models.add_version(2, "broken")
    models.repository.refresh()
    models.repository.refresh()
    assert models.events[2:] == ["close 1", "load 2", "load 1", "open 1"]
    for _ in range(3):
        models.refresh()
    assert models.events[2:] == ["close 1", "load 2", "load 1", "open 1"], "it is not tried again"


@pytest.mark.parametrize("unload_first", [False, True])
def test_a_version_that_cannot_fit_is_refused_until_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unload_first: bool
) -> None:
    before = count_refused("memory")
    free = [1e12]
    monkeypatch.setattr(version_check, "measure_free_memory", lambda: free[0])
    models = ModelFolder(tmp_path, unload_first=unload_first)
    models.add_version(1)
    models.refresh()
    free[0] = 100.0
    (models.add_version(2) / "variables" / "data").write_bytes(bytes(200))
    for _ in range(3):
        assert models.refresh() == [("net", 1)]
        free[0] -= 1
    assert "of memory" in get_version(models, 2).error
    assert models.events == ["load 1", "open 1"]
    assert count_refused("memory") == before + 1
    free[0] = 1e12
    assert models.refresh() == [("net", 2)]


def make_required(models: ModelFolder) -> ModelFolder:
    """The same folder, as an engine sees it that has been started (again)."""
    return ModelFolder(models.folder, required=RequiredModels(models.folder.parent / "engine-0.ready"))


def test_a_newcomer_that_fails_does_not_end_readiness(models: ModelFolder) -> None:
    models.add_version(1)
    models = make_required(models)
    models.refresh()
    models.add_version(1, "broken", name="newcomer")
    models.refresh()
    assert models.repository.catalog.ready
    assert get_version(models, 1, "newcomer").error
    again = make_required(models)
    again.refresh()
    assert again.repository.catalog.ready, "nor when the engine is started again"


def test_a_newcomer_that_has_answered_is_waited_for(models: ModelFolder) -> None:
    models.add_version(1)
    models = make_required(models)
    models.refresh()
    models.add_version(1, name="newcomer")
    models.refresh()
    assert models.repository.catalog.models["newcomer"].required
    again = make_required(models)
    again.repository.refresh()
    assert sorted(again.repository.catalog.waiting) == ["net", "newcomer"]


def test_a_model_that_is_broken_at_the_start_keeps_not_ready(models: ModelFolder) -> None:
    models.add_version(1)
    broken = models.add_version(1, "broken", name="other")
    models = make_required(models)
    models.refresh()
    assert models.repository.catalog.waiting == ["other"]
    shutil.rmtree(broken.parent)
    models.refresh()
    assert models.repository.catalog.ready, "one that was taken away is not waited for"


def test_a_folder_that_comes_late_is_the_first_that_counts(models: ModelFolder) -> None:
    late = make_required(models)
    late.refresh()
    late.add_version(1)
    late.add_version(1, "broken", name="other")
    late.refresh()
    assert late.repository.catalog.waiting == ["other"]
