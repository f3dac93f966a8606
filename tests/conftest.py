"""Marks by folder, and the fixtures that all tests share."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as training sets it; here it must be set before Keras is imported

# no deadline per example: a slow machine must not fail a test
hypothesis.settings.register_profile("inkpaw", deadline=None, max_examples=60)
hypothesis.settings.load_profile("inkpaw")

ROOT = Path(__file__).parent
MARKS = ("unit", "integration", "e2e", "container", "training")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by its folders: `tests/unit/training/...` gets `unit` and `training`."""
    for item in items:
        for folder in item.path.relative_to(ROOT).parts[:-1]:
            if folder in MARKS:
                item.add_marker(folder)


BuildModel = Callable[[str, int], Path]


@pytest.fixture(scope="session")
def build_model(tmp_path_factory: pytest.TempPathFactory) -> BuildModel:
    """Builds a version of a model of `support.models` once. Tests share it: copy it before changing it."""
    folder = tmp_path_factory.mktemp("models")
    versions: dict[tuple[str, int], Path] = {}

    def build(name: str, version: int = 1) -> Path:
        if (name, version) not in versions:
            from tests.support import models  # imports TensorFlow, which only some tests need

            versions[name, version] = models.build_model(folder, name, version)
        return versions[name, version]

    return build


@pytest.fixture(scope="session")
def build_form(build_model: BuildModel, tmp_path_factory: pytest.TempPathFactory) -> BuildModel:
    """As `build_model`, with a LiteRT form."""
    folder = tmp_path_factory.mktemp("forms")
    versions: dict[tuple[str, int], Path] = {}

    def build(name: str, version: int = 1) -> Path:
        if (name, version) not in versions:
            from training.export.litert import convert, write_form

            version_dir = shutil.copytree(build_model(name, version), folder / name / str(version))
            write_form(version_dir, convert(version_dir))
            versions[name, version] = version_dir
        return versions[name, version]

    return build
