"""The Flask application, with a fake engine behind it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from service.catalog import DEFAULT_SIGNATURE, Catalog, Model, Signature, TensorSpec, Version
from service.manifest import ImageInput, Manifest
from service.settings import Settings
from service.web.app import create_app
from tests.support.engine import FakeEngine, make_handler

DIGITS = tuple("0123456789")
IMAGES = Signature(
    (TensorSpec("images", "uint8", (-1, 28, 28, 1)),), (TensorSpec("probabilities", "float32", (-1, 10)),)
)

MAPS = Signature(IMAGES.inputs, (*IMAGES.outputs, TensorSpec("maps", "float32", (-1, 2, 2, 10))))
WALK = Signature(
    (
        TensorSpec("labels", "int32", (-1,)),
        TensorSpec("position", "float32", (-1,)),
        TensorSpec("seeds_from", "int64", (-1,)),
        TensorSpec("seeds_to", "int64", (-1,)),
        TensorSpec("truncation", "float32", (-1,)),
    ),
    (TensorSpec("images", "uint8", (-1, 28, 28, 1)),),
)


def make_version(number: int, kind: str, treatment: str = "photo", **signatures: Signature) -> Version:
    manifest = Manifest("net", kind, DIGITS, ImageInput(28, 28, 1, treatment))  # type: ignore[arg-type]
    return Version(number, "AVAILABLE", "", manifest, {DEFAULT_SIGNATURE: IMAGES, **signatures})


CATALOG = Catalog(
    1,
    {
        "echo": Model("echo", {1: make_version(1, "classifier"), 2: make_version(2, "classifier")}, {"old": 1}),
        "wary": Model("wary", {1: make_version(1, "classifier")}),
        "blot": Model("blot", {1: make_version(1, "generator")}),
        "seer": Model(
            "seer",
            {1: make_version(1, "classifier", explain=MAPS), 2: make_version(2, "classifier", "digit", explain=MAPS)},
            {"whole": 1},
        ),
        "walker": Model("walker", {1: make_version(1, "generator", walk=WALK)}),
        "plain": Model("plain", {1: Version(1, "AVAILABLE")}),
        "late": Model("late", {1: Version(1, "LOADING")}),
    },
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        runtime_dir=tmp_path, devices="cpu", max_images=8, max_body_bytes=1 << 20, max_image_pixels=1_000_000
    )


@pytest.fixture
def engine(settings: Settings) -> Iterator[FakeEngine]:
    with FakeEngine(settings.engine_sockets[0], make_handler(CATALOG)) as engine:
        yield engine


@pytest.fixture
def web(settings: Settings, engine: FakeEngine) -> FlaskClient:
    return create_app(settings).test_client()
