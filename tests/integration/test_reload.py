"""Versions are added and removed under load, and no request fails.

Each test uses its own model in one shared service: a copy of `steady`, whose label is the number of its version.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.integration.conftest import BuildModel, copy_models, run_service
from tests.support.load import Load
from tests.support.pictures import make_png
from tests.support.server import Service
from tests.support.waiting import wait_until


@pytest.fixture(scope="module", params=["tensorflow", "litert"])
def reloading(
    build_form: BuildModel, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Service]:
    folder = copy_models(build_form, tmp_path_factory.mktemp("models"), "tiny")
    with run_service(folder, Service, policies=folder / "policies.json", runtime=request.param) as service:
        yield service


@dataclass
class Steady:
    """The model of one test."""

    service: Service
    build_model: BuildModel
    name: str

    @property
    def folder(self) -> Path:
        return self.service.model_dir / self.name

    def add_version(self, number: int) -> Path:
        """Add a version as publishing does: copy it under another name, then rename it."""
        partial = self.folder / f"{number}.new"
        shutil.copytree(self.build_model("steady", number), partial)
        return partial.rename(self.folder / str(number))

    def post(self) -> requests.Response:
        return self.service.post(f"/predict/{self.name}", make_png(0))

    def answers_with(self, number: int) -> Callable[[], bool]:
        """A condition for `wait_until`: this version answers."""

        def condition() -> bool:
            answer = self.post()
            return answer.status_code == 200 and answer.json()["version"] == number

        return condition

    def send_load(self) -> Load:
        return Load(lambda session: session.post(f"{self.service.url}/predict/{self.name}", make_png(0), timeout=30))


@pytest.fixture
def steady(reloading: Service, build_form: BuildModel, request: pytest.FixtureRequest) -> Iterator[Steady]:
    model = Steady(reloading, build_form, request.node.originalname[:40])
    yield model
    shutil.rmtree(model.folder)


def assert_no_failures(load: Load) -> None:
    assert load.errors == []
    assert load.statuses.keys() == {200}, {answer.text for answer in load.responses if answer.status_code != 200}
    for answer in load.responses:
        body = answer.json()
        assert body["predictions"][0]["label"] == str(body["version"]), (
            "another version answered than the response says"
        )


def test_new_version_takes_over_without_failed_requests(steady: Steady) -> None:
    steady.add_version(1)
    wait_until(steady.answers_with(1), 20)
    with steady.send_load() as load:
        for number in (2, 3, 4, 5):
            load.wait_for_responses(20)
            steady.add_version(number)
            wait_until(steady.answers_with(number), 20, f"version {number} answers")
        load.wait_for_responses(20)
    assert_no_failures(load)


def test_worker_that_was_idle_during_a_swap_answers_too(steady: Steady) -> None:
    steady.add_version(1)
    wait_until(steady.answers_with(1), 20)
    assert {steady.post().status_code for _ in range(20)} == {200}  # every worker knows version 1
    steady.add_version(2)
    wait_until(lambda: f"{steady.name} version 1 is unloaded" in steady.service.log, 20)
    answers = [steady.post() for _ in range(10)]
    assert [(answer.status_code, answer.json().get("version")) for answer in answers] == [(200, 2)] * 10


def test_broken_version_leaves_the_old_one_answering(steady: Steady) -> None:
    steady.add_version(1)
    wait_until(steady.answers_with(1), 20)
    with steady.send_load() as load:
        (steady.folder / "2").mkdir()
        (steady.folder / "2" / "saved_model.pb").write_bytes(b"part of a model")
        wait_until(lambda: f"{steady.name} version 2 does not load" in steady.service.log, 20)
        assert steady.service.is_ready()
        load.wait_for_responses(20)
    assert_no_failures(load)
    assert {answer.json()["version"] for answer in load.responses} == {1}
    (status,) = steady.service.get(f"/v1/models/{steady.name}/versions/2").json()["model_version_status"]
    assert status["state"] == "END" and status["status"]["error_message"]


def test_removing_the_newest_version_rolls_back_without_failed_requests(steady: Steady) -> None:
    steady.add_version(1)
    second = steady.add_version(2)
    wait_until(steady.answers_with(2), 20)
    with steady.send_load() as load:
        load.wait_for_responses(20)
        shutil.rmtree(second)
        wait_until(steady.answers_with(1), 20, "version 1 answers")
        load.wait_for_responses(20)
    assert_no_failures(load)


def test_moving_a_label_switches_versions_without_failed_requests(steady: Steady) -> None:
    def set_stable(number: int) -> None:
        policies = {steady.name: {"versions": 2, "labels": {"stable": number, "old": 1}}}
        (steady.service.model_dir / "policies.json").write_text(json.dumps(policies))

    set_stable(1)
    for number in (1, 2):
        steady.add_version(number)
    wait_until(steady.answers_with(1), 20)
    with steady.send_load() as load:
        for number in (2, 1, 2):
            set_stable(number)
            wait_until(steady.answers_with(number), 20, f"version {number} answers")
            load.wait_for_responses(10)
        old = steady.service.post(f"/predict/{steady.name}/labels/old", make_png(0))
        assert old.json()["version"] == 1
    assert_no_failures(load)


def test_model_can_be_added_and_removed(steady: Steady) -> None:
    assert steady.post().status_code == 404
    steady.add_version(1)
    wait_until(steady.answers_with(1), 20)
    shutil.rmtree(steady.folder / "1")
    wait_until(lambda: steady.post().status_code in (404, 503), 20)
    wait_until(steady.service.is_ready, 5, "readiness no longer waits for the removed model")
