"""The Kubernetes job runs an existing command, with the volumes and limits it needs and without privileges."""

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
    [document] = [document for document in documents if document["kind"] == "TFJob"]
    assert document["apiVersion"] == "kubeflow.org/v1"
    return document["spec"]["tfReplicaSpecs"]["Worker"]


@pytest.fixture(scope="module")
def pod(job: dict[str, Any]) -> dict[str, Any]:
    return job["template"]["spec"]


@pytest.fixture(scope="module")
def container(pod: dict[str, Any]) -> dict[str, Any]:
    [container] = pod["containers"]
    return container


def test_command_of_the_job_is_accepted_by_the_command_line(container: dict[str, Any]) -> None:
    python, dash_m, package, name, *arguments = container["command"]
    assert (python, dash_m, package, name) == ("python", "-m", "training", "train")
    options = typer.main.get_command(app).commands[name].make_context(name, list(arguments)).params
    recipe = load_recipe(options["name"], options["changes"])
    # a new volume holds no other runs
    assert recipe.net.kind != "gan" and not recipe.init_from and not recipe.teachers
    assert options["distribute"] == "multiworker"
    assert not options["fresh"]  # with --fresh, a restarted worker would lose its epochs


def test_job_has_several_workers_that_are_restarted(job: dict[str, Any], container: dict[str, Any]) -> None:
    assert job["restartPolicy"] == "OnFailure" and job["replicas"] >= 2
    assert container["name"] == "tensorflow"  # the operator needs this name


def test_output_of_training_is_on_volumes(pod: dict[str, Any], container: dict[str, Any]) -> None:
    kinds = {volume["name"]: volume for volume in pod["volumes"]}
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    assert "persistentVolumeClaim" in kinds[mounts[container["workingDir"]]["name"]]
    assert not mounts[container["workingDir"]].get("readOnly")
    assert "emptyDir" in kinds[mounts["/tmp"]["name"]]
    environment = {variable["name"]: variable["value"] for variable in container["env"]}
    assert environment["DATA_DIR"] in mounts
    assert f"WORKDIR {environment['PYTHONPATH']}\n" in (ROOT / "Dockerfile").read_text()


def test_job_runs_as_the_images_user_with_limits(pod: dict[str, Any], container: dict[str, Any]) -> None:
    user = re.search(r"^USER (\d+):", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert user and pod["securityContext"]["runAsUser"] == int(user[1]) and pod["securityContext"]["runAsNonRoot"]
    security = container["securityContext"]
    assert security["readOnlyRootFilesystem"] and not security["allowPrivilegeEscalation"]
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert {"cpu", "memory"} <= set(container["resources"]["limits"])
