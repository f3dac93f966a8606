"""The job that scores a folder: its pods' commands score every picture once, and go on after a failure."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.manifest_rules import check_no_token, check_resources, check_restricted_profile, check_volumes
from tests.support.manifests import ROOT, Document, find, render
from tests.support.stub_service import BAD, Failure, StubService


@pytest.fixture
def stub() -> Iterator[StubService]:
    service = StubService()
    yield service
    service.stop()


def load_job() -> Document:
    spec: Document = find(render("others/batch"), "Job", "inkpaw-score")["spec"]
    return spec


def run_pod(index: int, url: str, folder: Path) -> int:
    """Run the command of that pod, with its volumes under the folder. Returns its exit code."""
    [container] = load_job()["template"]["spec"]["containers"]
    command = [*container["command"], *(text.replace(" digits ", " net ") for text in container["args"])]  # the stub's
    for mount in container["volumeMounts"]:
        command[-1] = command[-1].replace(mount["mountPath"], f"{folder}{mount['mountPath']}")
    variables = {item["name"]: item["value"] for item in container["env"]} | {"JOB_COMPLETION_INDEX": str(index)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = os.environ | variables | {"INKPAW_URL": url, "PATH": path}
    return subprocess.run(command, cwd=ROOT, env=env, timeout=60).returncode


def test_pods_of_the_job_score_every_picture_once(stub: StubService, tmp_path: Path) -> None:
    (tmp_path / "pictures/deep").mkdir(parents=True)
    (tmp_path / "results").mkdir()
    for number in range(20):
        (tmp_path / f"pictures/deep/{number}.png").write_text(str(number))
    (tmp_path / "pictures/bad.png").write_bytes(BAD)
    stub.failures.append(Failure(503, headers={"Retry-After": "0"}))
    codes = [run_pod(index, stub.url, tmp_path) for index in range(load_job()["completions"])]
    assert sorted(codes) == [0, 0, 0, 1]  # 1 for the picture that is none
    parts = sorted((tmp_path / "results").iterdir())
    rows = [json.loads(line) for part in parts for line in part.read_text().splitlines()]
    labels = {Path(row["file"]).name: row["label"] for row in rows}
    assert [part.name for part in parts] == [f"part-{index}.jsonl" for index in range(4)]
    assert len(rows) == 21 and labels.pop("bad.png") is None
    assert labels == {f"{number}.png": str(number) for number in range(20)}
    sent = stub.sent
    assert codes == [run_pod(index, stub.url, tmp_path) for index in range(4)]
    assert stub.sent == sent  # what has a row is not sent again


def test_job_has_as_many_shares_as_pods_and_keeps_the_rules() -> None:
    documents = render("others/batch")
    for rule in (check_restricted_profile, check_no_token, check_resources, check_volumes):
        assert list(rule(documents)) == []
    job = load_job()
    [container] = job["template"]["spec"]["containers"]
    variables = {item["name"]: item["value"] for item in container["env"]}
    assert variables == {"INKPAW_URL": "http://inkpaw", "JOB_COMPLETION_COUNT": str(job["completions"])}
    [rule] = job["podFailurePolicy"]["rules"]
    assert rule["onExitCodes"]["containerName"] == container["name"]


def test_service_lets_the_jobs_pods_in() -> None:
    labels = find(render("others/batch"), "Job", "inkpaw-score")["spec"]["template"]["metadata"]["labels"]
    [rule] = find(render("overlays/cpu"), "NetworkPolicy")["spec"]["ingress"]
    assert {"podSelector": {"matchLabels": labels}} in rule["from"]
