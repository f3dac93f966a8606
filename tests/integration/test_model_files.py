"""Whatever is done to the folder of models, what serves goes on, and the version's state says what is wrong."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import BuildModel, Serve, copy_models, run_service
from tests.support.load import Load
from tests.support.pictures import make_png
from tests.support.server import Service
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def changing(build_model: BuildModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Looks at its folder all the time; each test uses a name of its own."""
    folder = copy_models(build_model, tmp_path_factory.mktemp("models"), "tiny")
    with run_service(folder, Service, policies=folder / "policies.json") as service:
        yield service
        assert "Traceback" not in service.log


def put(build_model: BuildModel, folder: Path, number: int, label: int | None = None) -> Path:
    """A version that answers its label, put there at once."""
    beside = folder / ".new"
    shutil.copytree(build_model("steady", number if label is None else label), beside)
    return beside.rename(folder / str(number))


def get_status(service: Service, name: str, number: int) -> tuple[str, str]:
    """The state of a version, and the sentence about it."""
    answer = service.get(f"/v1/models/{name}/versions/{number}")
    if answer.status_code != 200:
        return "", ""
    (status,) = answer.json()["model_version_status"]
    return status["state"], status["status"]["error_message"]


def wait_for_refusal(service: Service, name: str, number: int) -> str:
    return wait_until(lambda: get_status(service, name, number)[1], 20, f"{name} version {number} is refused")


def is_decided(service: Service, name: str, number: int) -> bool:
    """Whether a version without its manifest was taken, or was refused for that."""
    state, error = get_status(service, name, number)
    return state == "AVAILABLE" or "no servable.json" in error


def ask(service: Service, name: str) -> tuple[int, int, str]:
    """Status, version and label of an answer."""
    answer = service.post(f"/predict/{name}", make_png(0))
    if answer.status_code != 200:
        return answer.status_code, 0, ""
    return 200, answer.json()["version"], answer.json()["predictions"][0]["label"]


def change_manifest(folder: Path, **changes: object) -> None:
    path = folder / "assets.extra" / "servable.json"
    manifest = json.loads(path.read_text()) | changes
    beside = path.with_name(".servable.json")
    beside.write_text(json.dumps(manifest))
    beside.rename(path)


def test_a_broken_newcomer_does_not_make_the_service_unready(changing: Service) -> None:
    broken = changing.model_dir / "broken" / "1"
    broken.mkdir(parents=True)
    (broken / "saved_model.pb").write_text("no model")
    sentence = wait_for_refusal(changing, "broken", 1)
    assert "broken/1" in sentence
    assert str(changing.model_dir) not in changing.get("/v1/models/broken").text
    assert changing.is_ready()
    assert changing.sum_metric("inkpaw_version_refused_total", model="broken") == 1
    lines = [line for line in changing.log.splitlines() if "broken version 1 does not load" in line]
    assert len(lines) == 1
    starts = changing.sum_metric("inkpaw_engine_starts_total")
    os.kill(changing.engine_pid, signal.SIGKILL)
    wait_until(lambda: changing.sum_metric("inkpaw_engine_starts_total") == starts + 1, 60)
    wait_until(changing.is_ready, 60, "it is ready, though the newcomer was there when the engine started again")
    shutil.rmtree(broken.parent)


def test_a_version_that_is_copied_slowly_is_taken_when_it_is_whole(changing: Service, build_model: BuildModel) -> None:
    model = changing.model_dir / "slowly"
    put(build_model, model, 1)
    wait_until(lambda: ask(changing, "slowly")[0] == 200, 20)
    source, target = build_model("steady", 2), model / "2"
    files = sorted(source.rglob("*"), key=lambda path: (path.name != "saved_model.pb", path.suffix == ".json"))
    with Load(
        lambda session: session.post(f"{changing.url}/predict/slowly", make_png(0), timeout=30), threads=2
    ) as load:
        for path in files:
            if path.is_file():
                load.wait_for_responses(4)
                if path.suffix == ".json":  # the manifest comes last, long after the SavedModel could be loaded
                    wait_until(lambda: is_decided(changing, "slowly", 2), 20)
                    load.wait_for_responses(20)
                place = target / path.relative_to(source)
                place.parent.mkdir(parents=True, exist_ok=True)
                data = path.read_bytes()
                for end in (len(data) // 2, len(data)):
                    place.write_bytes(data[:end])
                    load.wait_for_responses(4)
        wait_until(lambda: ask(changing, "slowly") == (200, 2, "2"), 20, "version 2 answers")
    assert load.errors == []
    assert load.statuses.keys() == {200}, {answer.text for answer in load.responses if answer.status_code != 200}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"labels": ["a", "b"]}, "[8, 2]"),
        ({"image": {"height": 14, "width": 28, "channels": 1, "treatment": "photo"}}, "[-1, 14, 28, 1]"),
        ({"kind": "generator"}, "version 1 is a classifier"),
        (None, "It has no servable.json"),
    ],
    ids=["labels", "size", "kind", "none"],
)
def test_a_manifest_that_does_not_fit_is_refused_and_the_old_version_goes_on(
    changing: Service,
    build_model: BuildModel,
    changes: dict[str, object] | None,
    reason: str,
    request: pytest.FixtureRequest,
) -> None:
    name = f"misfit-{request.node.callspec.id}"
    put(build_model, changing.model_dir / name, 1)
    wait_until(lambda: ask(changing, name)[0] == 200, 20)
    beside = Path(shutil.copytree(build_model("steady", 2), changing.model_dir / name / ".new"))
    if changes is None:
        shutil.rmtree(beside / "assets.extra")
    else:
        change_manifest(beside, **changes)
    beside.rename(beside.with_name("2"))
    assert reason in wait_for_refusal(changing, name, 2)
    assert ask(changing, name) == (200, 1, "1")
    assert changing.is_ready()


def test_no_number_of_a_folder_or_in_the_policies_is_a_500(changing: Service, build_model: BuildModel) -> None:
    model = changing.model_dir / "numbers"
    put(build_model, model, 1)
    wait_until(lambda: ask(changing, "numbers")[0] == 200, 20)
    for number in (2**63, 2**64, 10**30):
        shutil.copytree(build_model("steady", 2), model / str(number))
    policies = changing.model_dir / "policies.json"
    policies.write_text(json.dumps({"numbers": {"labels": {"stable": 2**64, "old": 10**40}}}))
    wait_until(lambda: "last valid content stays in force" in changing.log, 20)
    wait_until(lambda: "18 digits" in changing.log, 20)
    put(build_model, model, 2)
    wait_until(lambda: ask(changing, "numbers") == (200, 2, "2"), 20)
    assert changing.is_ready()
    assert changing.get("/v1/models/numbers").status_code == 200
    for number in (2**63, 2**64, 10**30):
        assert changing.get(f"/v1/models/numbers/versions/{number}").status_code in (400, 404)
        assert changing.get(f"/v2/models/numbers/versions/{number}/ready").status_code in (400, 404)
    policies.unlink()


@pytest.mark.parametrize("kind", ["pipe", "dangling", "folder"])
def test_a_graph_that_is_no_file_stops_nobody(changing: Service, build_model: BuildModel, kind: str) -> None:
    name = f"odd-{kind}"
    folder = changing.model_dir / name / "1"
    folder.mkdir(parents=True)
    make = {"pipe": os.mkfifo, "dangling": lambda path: path.symlink_to("nowhere"), "folder": os.mkdir}[kind]
    make(folder / "saved_model.pb")
    assert "saved_model.pb" in wait_for_refusal(changing, name, 1)
    put(build_model, changing.model_dir / f"z-{name}", 1)
    wait_until(lambda: ask(changing, f"z-{name}")[0] == 200, 20, "a later model is loaded")
    assert changing.is_ready()
    shutil.rmtree(folder.parent)


def test_the_folder_may_vanish_for_a_while(changing: Service, build_model: BuildModel) -> None:
    put(build_model, changing.model_dir / "steadfast", 1)
    wait_until(lambda: ask(changing, "steadfast")[0] == 200, 20)
    elsewhere = changing.model_dir.rename(changing.model_dir.with_name("elsewhere"))
    try:
        wait_until(lambda: changing.sum_metric("inkpaw_model_dir_problem") == 1, 20)
        changing.model_dir.mkdir()  # as the mount point of a volume that is not mounted
        wait_until(lambda: "INKPAW_MODEL_DIR is empty" in changing.log, 20)
        assert ask(changing, "steadfast") == (200, 1, "1")
        assert changing.is_ready()
        changing.model_dir.rmdir()
    finally:
        elsewhere.rename(changing.model_dir)
    wait_until(lambda: changing.sum_metric("inkpaw_model_dir_problem") == 0, 20)
    assert ask(changing, "steadfast") == (200, 1, "1")


def test_files_replaced_in_place_are_loaded_anew_and_no_request_fails(
    changing: Service, build_model: BuildModel
) -> None:
    model = changing.model_dir / "replaced"
    for label in (1, 2, 3):
        put(build_model, changing.model_dir / ".store", label)
    model.mkdir()
    (model / "7").symlink_to("../.store/1")
    wait_until(lambda: ask(changing, "replaced") == (200, 7, "1"), 20)
    with Load(lambda session: session.post(f"{changing.url}/predict/replaced", make_png(0), timeout=30)) as load:
        for label in (2, 3):
            load.wait_for_responses(20)
            (model / "new").symlink_to(f"../.store/{label}")
            (model / "new").rename(model / "7")
            wait_until(lambda label=label: ask(changing, "replaced") == (200, 7, str(label)), 20)
        load.wait_for_responses(20)
        change_manifest(model / "7", labels=list("abcdefghij"))
        assert "new number" in wait_for_refusal(changing, "replaced", 7)
        load.wait_for_responses(20)
    assert load.errors == []
    assert load.statuses.keys() == {200}, {answer.text for answer in load.responses if answer.status_code != 200}
    assert {answer.json()["predictions"][0]["label"] for answer in load.responses} == {"1", "2", "3"}
    assert get_status(changing, "replaced", 7)[0] == "AVAILABLE"
    assert ask(changing, "replaced") == (200, 7, "3")


def test_unload_first_answers_503_between_and_any_is_ready_without_the_broken(
    serve: Serve, build_model: BuildModel
) -> None:
    service = serve("tiny", version_swap="unload_first", ready="any", workers=1)
    broken = service.model_dir / "broken" / "1"
    broken.mkdir(parents=True)
    (broken / "saved_model.pb").write_text("no model")
    os.kill(service.engine_pid, signal.SIGKILL)
    wait_until(lambda: service.sum_metric("inkpaw_engine_starts_total") == 2, 60)
    wait_until(service.is_ready, 60, "it is ready as soon as any model answers")
    put(build_model, service.model_dir / "steady", 1)
    wait_until(lambda: ask(service, "steady")[0] == 200, 20)
    send = Load(lambda session: session.post(f"{service.url}/predict/steady", make_png(0), timeout=30), threads=2)
    with send as load:
        load.wait_for_responses(10)
        put(build_model, service.model_dir / "steady", 2)
        wait_until(lambda: ask(service, "steady") == (200, 2, "2"), 20)
        load.wait_for_responses(10)
    assert load.errors == []
    assert load.statuses.keys() <= {200, 503}
    assert all("Retry-After" in answer.headers for answer in load.responses if answer.status_code == 503)
    log = service.log
    assert log.index("steady version 1 is unloaded") < log.index("steady version 2 answers")
    assert service.stop() == 0


def test_a_model_that_is_broken_at_the_start_keeps_not_ready(build_model: BuildModel, tmp_path: Path) -> None:
    folder = copy_models(build_model, tmp_path / "models", "tiny")
    (folder / "broken" / "1").mkdir(parents=True)
    (folder / "broken" / "1" / "saved_model.pb").write_text("no model")
    service = Service(folder, {"workers": 1})
    try:
        wait_until(service.has_address, 60)
        wait_until(lambda: service.post("/predict/tiny", make_png(0)).status_code == 200, 60)
        wait_for_refusal(service, "broken", 1)
        answer = service.get("/readyz")
        assert answer.status_code == 503 and "broken" in answer.text and "tiny" not in answer.text
        shutil.rmtree(folder / "broken")
        wait_until(service.is_ready, 20)
    finally:
        service.clean_up()
