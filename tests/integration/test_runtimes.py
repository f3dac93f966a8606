"""Which runtime a real engine uses, and that the import of TensorFlow holds up nobody."""

import shutil
from pathlib import Path

from tests.integration.conftest import BuildModel, copy_models, run_service
from tests.support.load import Load
from tests.support.pictures import make_digit_png
from tests.support.server import Service
from tests.support.waiting import wait_until


def has_tensorflow(service: Service) -> bool:
    return "tensorflow" in Path(f"/proc/{service.engine_pid}/maps").read_text()


def read_runtime(service: Service, name: str) -> str:
    (status,) = service.get(f"/v1/models/{name}").json()["model_version_status"]
    return str(status["runtime"])


def test_tensorflow_is_imported_once_a_version_needs_it_while_others_answer(
    build_model: BuildModel, build_form: BuildModel, tmp_path: Path
) -> None:
    with run_service(copy_models(build_form, tmp_path / "models", "tiny"), Service) as service:
        assert not has_tensorflow(service)
        assert read_runtime(service, "tiny") == "litert"
        with Load(lambda session: session.post(f"{service.url}/predict/tiny", make_digit_png(), timeout=30)) as load:
            load.wait_for_responses(20)
            shutil.copytree(build_model("brittle"), service.model_dir / "brittle" / "1")
            wait_until(lambda: has_tensorflow(service), 30, "TensorFlow is imported")
            load.wait_for_responses(20)
            wait_until(lambda: "brittle version 1 answers" in service.log, 60)
        assert load.errors == [] and load.statuses.keys() == {200}
        assert read_runtime(service, "brittle") == "tensorflow"
        assert service.sum_metric("inkpaw_model_runtime", model="brittle", runtime="tensorflow") == 1
        assert service.sum_metric("inkpaw_model_runtime", model="tiny", runtime="litert") == 1


def test_form_that_is_added_to_a_version_takes_over(
    build_model: BuildModel, build_form: BuildModel, tmp_path: Path
) -> None:
    with run_service(copy_models(build_model, tmp_path / "models", "tiny"), Service) as service:
        assert read_runtime(service, "tiny") == "tensorflow"
        shutil.copytree(build_form("tiny"), service.model_dir / "tiny" / "1", dirs_exist_ok=True)
        wait_until(lambda: read_runtime(service, "tiny") == "litert", 20)
        assert service.post("/predict/tiny", make_digit_png()).status_code == 200
        assert service.sum_metric("inkpaw_model_runtime", model="tiny", runtime="tensorflow") == 0


def test_version_without_a_form_says_why_it_does_not_answer(
    build_model: BuildModel, build_form: BuildModel, tmp_path: Path
) -> None:
    folder = copy_models(build_form, tmp_path / "models", "tiny")
    copy_models(build_model, folder, "brittle")
    with run_service(folder, Service, runtime="litert", ready="any") as service:
        wait_until(lambda: "brittle version 1 does not load" in service.log, 20)
        (status,) = service.get("/v1/models/brittle").json()["model_version_status"]
        assert status["state"] == "END" and "runtime" not in status
        assert "no LiteRT form" in status["status"]["error_message"]
        assert service.post("/predict/tiny", make_digit_png()).status_code == 200
        assert not has_tensorflow(service)
