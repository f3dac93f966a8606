"""What the built image says about itself, and that the same input builds the same image."""

import json
import os

import pytest

from tests.container.podman import BUILD_ARGUMENTS, IMAGE, Podman, find_skip_reason

pytestmark = pytest.mark.skipif(bool(find_skip_reason()), reason=find_skip_reason())

AGAIN = "localhost/inkpaw:again"


def test_labels_are_those_of_the_build(podman: Podman) -> None:
    labels = json.loads(podman("inspect", "--format={{json .Config.Labels}}", IMAGE))
    values = {name.removeprefix("org.opencontainers.image."): value for name, value in labels.items()}
    assert values["title"] == "Inkpaw" and values["licenses"] == "MIT" and values["description"]
    for name, argument in (("version", "VERSION"), ("revision", "REVISION"), ("created", "CREATED")):
        assert values[name] == BUILD_ARGUMENTS[argument]
    assert values["base.name"] == BUILD_ARGUMENTS["BASE_IMAGE"]


@pytest.mark.skipif(
    os.environ.get("INKPAW_TEST_REPRODUCIBLE") != "1",
    reason="builds the image once more, in minutes: set INKPAW_TEST_REPRODUCIBLE=1",
)
def test_same_input_builds_the_same_image(podman: Podman) -> None:
    podman.build_image(AGAIN)
    try:
        first, second = (json.loads(podman("inspect", image))[0] for image in (IMAGE, AGAIN))
        assert first["RootFS"] == second["RootFS"]  # the digest of every layer
        for part in ("Config", "History", "Created"):
            assert first[part] == second[part]
    finally:
        podman.run("rmi", "--force", AGAIN)
