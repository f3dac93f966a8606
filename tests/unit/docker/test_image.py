"""The Dockerfile is clean, and `make image` says what it is built of."""

import re
import subprocess
import sys
from pathlib import Path

from tests.support.manifests import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
LABELS = {"title", "description", "licenses", "version", "revision", "created", "base.name"}


def test_hadolint_finds_nothing() -> None:
    binary = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([str(binary), str(ROOT / "Dockerfile")], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stdout, done.stdout + done.stderr


def test_image_has_the_labels_of_an_oci_image() -> None:
    assert set(re.findall(r"org\.opencontainers\.image\.([a-z.]+)=", DOCKERFILE)) == LABELS


def test_base_image_has_the_locked_tensorflow_by_its_exact_tag() -> None:
    [locked] = re.findall(r"^tensorflow==([\d.]+) ", (ROOT / "lock/gpu.txt").read_text(), re.MULTILINE)
    assert f"ARG BASE_IMAGE=${{SMALL_BASE_IMAGE:-tensorflow/tensorflow:{locked}-gpu}}\n" in DOCKERFILE


def test_make_image_passes_every_argument_of_the_build() -> None:
    command = ["make", "-n", "image", "BUILDER=podman", "BASE_IMAGE=base@sha256:0", "RUNTIME=litert"]
    output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    declared = set(re.findall(r"^ARG (\w+)", DOCKERFILE, re.MULTILINE)) - {"TRAINING", "SMALL_BASE_IMAGE"}
    assert set(re.findall(r"--build-arg (\w+)=", output)) == declared
    assert "--build-arg BASE_IMAGE=base@sha256:0 " in output and "--timestamp " in output
