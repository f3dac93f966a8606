"""The job that scores a folder: every picture once, whatever part it is in, and a busy service is asked again."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from tests.support.manifest_rules import check_no_token, check_resources, check_restricted_profile, check_volumes
from tests.support.manifests import KUBERNETES, find, render

SCRIPT = KUBERNETES / "others/batch/score.py"


class Handler(BaseHTTPRequestHandler):
    """Answers with the body's text as the label; 503 the first time, 400 to `bad`."""

    protocol_version = "HTTP/1.1"
    refused: ClassVar[set[str]] = set()

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if text not in self.refused and text.endswith("0"):
            self.refused.add(text)
            self._answer(503, {"error": {"code": "overloaded"}})
        elif text == "bad":
            self._answer(400, {"error": {"code": "bad_image"}})
        else:
            self._answer(200, {"predictions": [{"label": text}]})

    def _answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/predict/digits"
    server.shutdown()
    thread.join()
    server.server_close()


def run_part(url: str, index: int, parts: int, pictures: Path, results: Path) -> list[dict[str, object]]:
    env = os.environ | {"JOB_COMPLETION_INDEX": str(index), "JOB_COMPLETIONS": str(parts)}
    subprocess.run([sys.executable, str(SCRIPT), url, str(pictures), str(results)], env=env, check=True, timeout=60)
    return [json.loads(line) for line in (results / f"part-{index}.jsonl").read_text().splitlines()]


def test_every_picture_is_scored_once(url: str, tmp_path: Path) -> None:
    pictures, results = tmp_path / "pictures", tmp_path / "results"
    (pictures / "deep").mkdir(parents=True)
    results.mkdir()
    for number in range(20):
        (pictures / "deep" / f"{number}.png").write_text(str(number))
    (pictures / "bad.png").write_text("bad")
    lines = [line for index in range(3) for line in run_part(url, index, 3, pictures, results)]
    answers = {line.pop("picture"): line for line in lines}
    assert len(lines) == 21
    assert answers.pop("bad.png") == {"error": {"code": "bad_image"}}
    assert answers == {f"deep/{n}.png": {"predictions": [{"label": str(n)}]} for n in range(20)}


def test_job_runs_the_script_with_as_many_parts_as_pods() -> None:
    documents = render("others/batch")
    for rule in (check_restricted_profile, check_no_token, check_resources, check_volumes):
        assert list(rule(documents)) == []
    job = find(documents, "Job", "inkpaw-score")["spec"]
    [container] = job["template"]["spec"]["containers"]
    assert container["env"] == [{"name": "JOB_COMPLETIONS", "value": str(job["completions"])}]
    python, script, address, *folders = container["command"]
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert {str(Path(script).parent), *folders} == mounts and Path(script).name == SCRIPT.name
    assert python == "python" and address.startswith("http://inkpaw/predict/")


def test_service_lets_the_jobs_pods_in() -> None:
    labels = find(render("others/batch"), "Job", "inkpaw-score")["spec"]["template"]["metadata"]["labels"]
    [rule] = find(render("overlays/cpu"), "NetworkPolicy")["spec"]["ingress"]
    assert {"podSelector": {"matchLabels": labels}} in rule["from"]
