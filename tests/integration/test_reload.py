"""Versions come and go while requests do; none of these fails.

Each test has a model of its own in one service: `steady` under another name, whose label is its version's number.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.integration.conftest import Built, copied, running
from tests.support.load import Load
from tests.support.pictures import told
from tests.support.server import Service
from tests.support.waiting import until


@pytest.fixture(scope="module")
def reloading(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = copied(built, tmp_path_factory.mktemp("models"), "tiny")
    with running(folder, Service, policies=folder / "policies.json") as service:
        yield service


@dataclass
class Steady:
    """The model of one test."""

    service: Service
    built: Built
    name: str

    @property
    def folder(self) -> Path:
        return self.service.model_dir / self.name

    def put(self, number: int) -> Path:
        """Put a version there as publishing does: whole, under another name, and then renamed."""
        beside = self.folder / f"{number}.new"
        shutil.copytree(self.built("steady", number), beside)
        return beside.rename(self.folder / str(number))

    def post(self) -> requests.Response:
        return self.service.post(f"/predict/{self.name}", told(0))

    def answers(self, number: int) -> Callable[[], bool]:
        def condition() -> bool:
            answer = self.post()
            return answer.status_code == 200 and answer.json()["version"] == number

        return condition

    def asking(self) -> Load:
        return Load(lambda session: session.post(f"{self.service.url}/predict/{self.name}", told(0), timeout=30))


@pytest.fixture
def steady(reloading: Service, built: Built, request: pytest.FixtureRequest) -> Iterator[Steady]:
    model = Steady(reloading, built, request.node.name[:40])
    yield model
    shutil.rmtree(model.folder)


def assert_unharmed(load: Load) -> None:
    assert load.broken == []
    assert load.statuses.keys() == {200}, {answer.text for answer in load.answers if answer.status_code != 200}
    for answer in load.answers:
        body = answer.json()
        assert body["predictions"][0]["label"] == str(body["version"]), "another version answered than is told"


def test_a_new_version_takes_over_under_load_and_none_fails(steady: Steady) -> None:
    steady.put(1)
    until(steady.answers(1), 20)
    with steady.asking() as load:
        for number in (2, 3, 4, 5):
            load.more(20)
            steady.put(number)
            until(steady.answers(number), 20, f"version {number} answers")
        load.more(20)
    assert_unharmed(load)


def test_worker_that_was_idle_during_a_swap_answers_too(steady: Steady) -> None:
    steady.put(1)
    until(steady.answers(1), 20)
    assert {steady.post().status_code for _ in range(20)} == {200}  # every worker knows version 1
    steady.put(2)
    until(lambda: f"{steady.name} version 1 is unloaded" in steady.service.log, 20)
    answers = [steady.post() for _ in range(10)]
    assert [(answer.status_code, answer.json().get("version")) for answer in answers] == [(200, 2)] * 10


def test_a_broken_version_changes_nothing(steady: Steady) -> None:
    steady.put(1)
    until(steady.answers(1), 20)
    with steady.asking() as load:
        (steady.folder / "2").mkdir()
        (steady.folder / "2" / "saved_model.pb").write_bytes(b"half of a model")
        until(lambda: f"{steady.name} version 2 does not load" in steady.service.log, 20)
        assert steady.service.ready()
        load.more(20)
    assert_unharmed(load)
    assert {answer.json()["version"] for answer in load.answers} == {1}
    (status,) = steady.service.get(f"/v1/models/{steady.name}/versions/2").json()["model_version_status"]
    assert status["state"] == "END" and status["status"]["error_message"]


def test_removing_the_newest_rolls_back_and_none_fails(steady: Steady) -> None:
    steady.put(1)
    second = steady.put(2)
    until(steady.answers(2), 20)
    with steady.asking() as load:
        load.more(20)
        shutil.rmtree(second)
        until(steady.answers(1), 20, "version 1 answers")
        load.more(20)
    assert_unharmed(load)


def test_moving_a_label_rolls_out_and_back_and_none_fails(steady: Steady) -> None:
    def stable(number: int) -> None:
        said = {steady.name: {"versions": 2, "labels": {"stable": number, "old": 1}}}
        (steady.service.model_dir / "policies.json").write_text(json.dumps(said))

    stable(1)
    for number in (1, 2):
        steady.put(number)
    until(steady.answers(1), 20)
    with steady.asking() as load:
        for number in (2, 1, 2):
            stable(number)
            until(steady.answers(number), 20, f"version {number} answers")
            load.more(10)
        old = steady.service.post(f"/predict/{steady.name}/labels/old", told(0))
        assert old.json()["version"] == 1
    assert_unharmed(load)


def test_a_model_comes_and_goes(steady: Steady) -> None:
    assert steady.post().status_code == 404
    steady.put(1)
    until(steady.answers(1), 20)
    shutil.rmtree(steady.folder / "1")
    until(lambda: steady.post().status_code in (404, 503), 20)
    until(steady.service.ready, 5, "it no longer waits for a model that was taken away")
