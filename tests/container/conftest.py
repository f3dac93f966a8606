from collections.abc import Callable, Iterator

import pytest

from tests.container.podman import Podman
from tests.container.service import Service


@pytest.fixture(scope="session")
def podman() -> Iterator[Podman]:
    podman = Podman()
    try:
        podman.build()
        yield podman
    finally:
        podman.close()


@pytest.fixture(scope="session")
def start(podman: Podman) -> Iterator[Callable[..., Service]]:
    """Start a service with these settings; it is gone when the tests are over."""
    started: list[Service] = []

    def start(**settings: object) -> Service:
        started.append(Service(podman, settings))
        return started[-1]

    yield start
    for service in started:
        service.remove()


@pytest.fixture(scope="session")
def service(start: Callable[..., Service]) -> Service:
    """One that is ready, for tests that leave it as it is."""
    service = start()
    service.wait_until("/readyz", 200)
    return service
