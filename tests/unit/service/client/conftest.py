"""A stub of the service for each test, and pauses between tries that are short."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.client import retry
from tests.support.stub_service import StubService


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubService]:
    monkeypatch.setattr(retry, "_FIRST_PAUSE", 0.01)
    for name in ("INKPAW_URL", "INKPAW_API_KEY", "JOB_COMPLETION_INDEX", "JOB_COMPLETION_COUNT"):
        monkeypatch.delenv(name, raising=False)
    service = StubService()
    yield service
    service.stop()


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder `photos`, seen from the current folder, with 40 pictures; the label of each is its number."""
    monkeypatch.chdir(tmp_path)
    for index in range(40):
        path = Path("photos", f"{index % 2}", f"{index:02}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(str(index).encode())
    return Path("photos")
