"""The Kubernetes jobs that train run an existing command, with the volumes and limits it needs, without privileges."""

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer

from tests.support.manifests import KUBERNETES, ROOT, Document, find, parse
from training.cli import app
from training.recipes.loading import load_recipe

NAME = "inkpaw-training"


class Job(NamedTuple):
    """A job's worker: how many there are, its pod, its container and the words of its command."""

    replicas: int
    pod: Document
    container: Document
    command: list[str]


def load(version: str) -> Job:
    if version == "v1":
        job = find(parse((KUBERNETES / "others/kubeflow/training-v1.yaml").read_text()), "TFJob", NAME)
        worker = job["spec"]["tfReplicaSpecs"]["Worker"]
        pod = worker["template"]["spec"] | {"restartPolicy": worker["restartPolicy"]}
        return Job(worker["replicas"], pod, pod["containers"][0], pod["containers"][0]["command"])
    documents = parse((KUBERNETES / "others/kubeflow/training.yaml").read_text())
    pod = get_template(documents)["spec"]["template"]["spec"]
    [container] = pod["containers"]
    replicas = find(documents, "TrainJob", NAME)["spec"]["trainer"]["numNodes"]
    last_line = container["args"][0].strip().splitlines()[-1]
    return Job(replicas, pod, container, shlex.split(last_line.removeprefix("exec ")))


def get_template(documents: list[Document]) -> Document:
    [replicated] = find(documents, "TrainingRuntime", NAME)["spec"]["template"]["spec"]["replicatedJobs"]
    template: Document = replicated["template"]
    return template


@pytest.fixture(scope="module", params=["v1", "v2"])
def job(request: pytest.FixtureRequest) -> Job:
    return load(request.param)


def test_command_line_accepts_the_command_of_the_job(job: Job) -> None:
    python, dash_m, package, name, *arguments = job.command
    assert (python, dash_m, package, name) == ("python", "-m", "training", "train")
    params = typer.main.get_command(app).commands[name].make_context(name, list(arguments)).params
    recipe = load_recipe(params["name"], params["changes"])
    # a new volume has no other runs to start from
    assert recipe.net.kind != "gan" and not recipe.init_from and not recipe.teachers
    assert params["distribute"] == "multiworker"
    assert not params["fresh"]  # a restarted worker must resume from its last epoch


def test_several_workers_are_restarted_on_failure(job: Job) -> None:
    assert job.pod["restartPolicy"] == "OnFailure" and job.replicas >= 2


def test_output_of_training_is_on_volumes(job: Job) -> None:
    kinds = {volume["name"]: volume for volume in job.pod["volumes"]}
    mounts = {mount["mountPath"]: mount for mount in job.container["volumeMounts"]}
    assert "persistentVolumeClaim" in kinds[mounts[job.container["workingDir"]]["name"]]
    assert not mounts[job.container["workingDir"]].get("readOnly")
    assert "emptyDir" in kinds[mounts["/tmp"]["name"]]
    environment = {variable["name"]: variable["value"] for variable in job.container["env"]}
    assert environment["DATA_DIR"] in mounts
    assert f"WORKDIR {environment['PYTHONPATH']}\n" in (ROOT / "Dockerfile").read_text()


def test_job_runs_as_the_image_user_with_limits(job: Job) -> None:
    user = re.search(r"^USER (\d+):", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert (
        user and job.pod["securityContext"]["runAsUser"] == int(user[1]) and job.pod["securityContext"]["runAsNonRoot"]
    )
    context = job.container["securityContext"]
    assert context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"]
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert {"cpu", "memory"} <= set(job.container["resources"]["limits"])


def test_containers_have_the_names_that_the_operators_look_for() -> None:
    assert load("v1").container["name"] == "tensorflow"
    documents = parse((KUBERNETES / "others/kubeflow/training.yaml").read_text())
    assert load("v2").container["name"] == "node"
    assert get_template(documents)["metadata"]["labels"] == {"trainer.kubeflow.org/trainjob-ancestor-step": "trainer"}
    assert find(documents, "TrainJob", NAME)["spec"]["runtimeRef"]["name"] == NAME


def test_every_worker_of_the_job_is_in_tf_config_by_its_hostname(tmp_path: Path) -> None:
    """Run the job's own script, with a `python` that prints TF_CONFIG."""
    job = load("v2")
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nprintf %s "$TF_CONFIG"\n')
    python.chmod(0o755)
    configs: list[Any] = []
    for index in range(job.replicas):
        env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "JOB_COMPLETION_INDEX": str(index)}
        command = [*job.container["command"], *job.container["args"]]
        configs.append(json.loads(subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout))
    [port] = [port["containerPort"] for port in job.container["ports"]]
    hosts = [f"{NAME}-node-0-{index}.{NAME}:{port}" for index in range(job.replicas)]  # as JobSet names its pods
    for index, config in enumerate(configs):
        assert config == {"cluster": {"worker": hosts}, "task": {"type": "worker", "index": index}}
