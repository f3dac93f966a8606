"""Real services: some are shared by tests that do not change them, others belong to one test."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.support.server import ROOT, Service

BuildModel = Callable[..., Path]
Serve = Callable[..., Service]
ServiceType = TypeVar("ServiceType", bound=Service)

STUB = ROOT / "tests" / "support" / "stub_engine"


def copy_models(build_model: BuildModel, folder: Path, *names: str) -> Path:
    """Copy version 1 of each model into the folder. Returns the folder."""
    for name in names:
        shutil.copytree(build_model(name), folder / name / "1")
    return folder


@contextmanager
def run_service(folder: Path, service_type: type[ServiceType], **settings: Any) -> Iterator[ServiceType]:
    """A ready service of the models in the folder. It must stop with exit code 0."""
    service = service_type(folder, settings)
    try:
        service.start()
        yield service
        assert service.stop() == 0
    finally:
        service.clean_up()


@pytest.fixture(scope="session")
def service(build_model: BuildModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A shared service, for tests that do not change it."""
    folder = copy_models(build_model, tmp_path_factory.mktemp("models"), "tiny", "brittle", "blot")
    with run_service(folder, Service, max_body_bytes=1 << 20, grpc_port=0) as service:
        yield service
        assert "Traceback" not in service.log


@pytest.fixture
def serve(build_model: BuildModel, tmp_path: Path) -> Iterator[Serve]:
    """Starts a service for one test: `serve("tiny", "slow", workers=1)` returns when it is ready."""
    started: list[Service] = []

    def start(*names: str, **settings: Any) -> Service:
        service = Service(copy_models(build_model, tmp_path / f"models{len(started)}", *names), settings)
        started.append(service)
        service.start()
        return service

    yield start
    for service in started:
        service.clean_up()


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """`begin(start=30)`: a service whose engine is a stub that needs so long to start; it is not waited for."""
    services: list[Service] = []

    def begin(start: float = 0, run: float = 0, **settings: Any) -> Service:
        monkeypatch.setenv("PYTHONPATH", str(STUB))
        monkeypatch.setenv("STUB_START_SECONDS", str(start))
        monkeypatch.setenv("STUB_RUN_SECONDS", str(run))
        services.append(Service(tmp_path, settings))
        return services[-1]

    yield begin
    for service in services:
        service.clean_up()


@pytest.fixture
def serve_stub(begin: Serve) -> Serve:
    """As `begin`, until the service is ready. Its model is `echo`; there is no TensorFlow, so a start is quick."""

    def start(**settings: Any) -> Service:
        service = begin(**settings)
        service.start()
        return service

    return start
