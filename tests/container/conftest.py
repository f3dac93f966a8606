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
def start_service(podman: Podman) -> Iterator[Callable[..., Service]]:
    """Starts a service with these settings. It is removed when the tests end."""
    services: list[Service] = []

    def start(**settings: object) -> Service:
        services.append(Service(podman, settings))
        return services[-1]

    yield start
    for service in services:
        service.remove()


@pytest.fixture(scope="session")
def service(start_service: Callable[..., Service]) -> Service:
    """A ready service, for tests that do not change it."""
    service = start_service()
    service.wait_until("/readyz", 200)
    return service
