"""The Kubernetes job runs a command that there is, with what it needs, and with nothing that it does not need."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from training.cli import app
from training.recipes.loading import load_recipe

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def job() -> dict[str, Any]:
    documents = list(yaml.safe_load_all((ROOT / "docker/kubernetes/training.yaml").read_text()))
    [found] = [each for each in documents if each["kind"] == "TFJob"]
    assert found["apiVersion"] == "kubeflow.org/v1"
    return found["spec"]["tfReplicaSpecs"]["Worker"]


@pytest.fixture(scope="module")
def pod(job: dict[str, Any]) -> dict[str, Any]:
    return job["template"]["spec"]


@pytest.fixture(scope="module")
def container(pod: dict[str, Any]) -> dict[str, Any]:
    [only] = pod["containers"]
    return only


def test_command_of_the_job_is_accepted_by_the_command_line(container: dict[str, Any]) -> None:
    python, dash_m, package, name, *words = container["command"]
    assert (python, dash_m, package, name) == ("python", "-m", "training", "train")
    given = typer.main.get_command(app).commands[name].make_context(name, list(words)).params
    plan = load_recipe(given["name"], given["changes"])
    assert (
        plan.net.kind != "gan" and not plan.init_from and not plan.teachers
    )  # there are no other runs on a new volume
    assert given["distribute"] == "multiworker"
    assert not given["fresh"]  # a worker that is started again would throw its epochs away


def test_workers_are_started_again_and_there_are_several(job: dict[str, Any], container: dict[str, Any]) -> None:
    assert job["restartPolicy"] == "OnFailure" and job["replicas"] >= 2
    assert container["name"] == "tensorflow"  # the operator looks for it by that name


def test_output_of_training_is_on_volumes(pod: dict[str, Any], container: dict[str, Any]) -> None:
    kinds = {volume["name"]: volume for volume in pod["volumes"]}
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    assert "persistentVolumeClaim" in kinds[mounts[container["workingDir"]]["name"]]
    assert not mounts[container["workingDir"]].get("readOnly")
    assert "emptyDir" in kinds[mounts["/tmp"]["name"]]
    environment = {each["name"]: each["value"] for each in container["env"]}
    assert environment["DATA_DIR"] in mounts
    assert f"WORKDIR {environment['PYTHONPATH']}\n" in (ROOT / "Dockerfile").read_text()


def test_job_runs_as_the_images_user_with_limits(pod: dict[str, Any], container: dict[str, Any]) -> None:
    user = re.search(r"^USER (\d+):", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert user and pod["securityContext"]["runAsUser"] == int(user[1]) and pod["securityContext"]["runAsNonRoot"]
    rights = container["securityContext"]
    assert rights["readOnlyRootFilesystem"] and not rights["allowPrivilegeEscalation"]
    assert rights["capabilities"] == {"drop": ["ALL"]}
    assert {"cpu", "memory"} <= set(container["resources"]["limits"])
