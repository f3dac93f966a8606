"""Marks by folder, and what every test may ask for."""

import os
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as training has it, in processes that have imported Keras first

# no deadline for one example: a busy machine is no failure
hypothesis.settings.register_profile("inkpaw", deadline=None, max_examples=60)
hypothesis.settings.load_profile("inkpaw")

ROOT = Path(__file__).parent
MARKS = ("unit", "integration", "e2e", "container", "training")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test's folder gives it its marks: `tests/unit/training/...` is `unit` and `training`."""
    for item in items:
        for folder in item.path.relative_to(ROOT).parts[:-1]:
            if folder in MARKS:
                item.add_marker(folder)


Built = Callable[[str, int], Path]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A version of one of the models of `support.models`, made when first asked for. Copy it: it is shared."""
    folder = tmp_path_factory.mktemp("built")
    ready: dict[tuple[str, int], Path] = {}

    def model(name: str, version: int = 1) -> Path:
        if (name, version) not in ready:
            from tests.support import models  # with TensorFlow: only for tests that need a model

            ready[name, version] = models.build(folder, name, version)
        return ready[name, version]

    return model
