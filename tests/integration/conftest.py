"""Real services: some that tests share and leave as they found them, and as many others as a test starts for itself."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.support.server import Service

Built = Callable[..., Path]
Serve = Callable[..., Service]
Kind = TypeVar("Kind", bound=Service)


def copied(built: Built, folder: Path, *names: str) -> Path:
    """A model folder with version 1 of each of these."""
    for name in names:
        shutil.copytree(built(name), folder / name / "1")
    return folder


@contextmanager
def running(folder: Path, kind: type[Kind], **settings: Any) -> Iterator[Kind]:
    """A ready service of the models in the folder, which must end well."""
    service = kind(folder, settings)
    try:
        service.start()
        yield service
        assert service.stop() == 0
    finally:
        service.clear()


@pytest.fixture(scope="session")
def service(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """For tests that only ask it."""
    folder = copied(built, tmp_path_factory.mktemp("models"), "tiny", "brittle", "blot")
    with running(folder, Service, max_body_bytes=1 << 20) as service:
        yield service
        assert "Traceback" not in service.log


@pytest.fixture
def serve(built: Built, tmp_path: Path) -> Iterator[Serve]:
    """`serve("tiny", "slow", workers=1)`: a ready service of these models with these settings, for one test."""
    started: list[Service] = []

    def start(*names: str, **settings: Any) -> Service:
        service = Service(copied(built, tmp_path / f"models{len(started)}", *names), settings)
        started.append(service)
        service.start()
        return service

    yield start
    for service in started:
        service.clear()
