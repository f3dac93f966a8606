"""The real image, built and run with podman."""

import io
import socket
import time
from collections.abc import Callable

import msgspec
import pytest
from PIL import Image, ImageDraw

from tests.container.podman import ROOT, Podman, find_skip_reason
from tests.container.service import Service

pytestmark = pytest.mark.skipif(bool(find_skip_reason()), reason=find_skip_reason())

GRACE_SECONDS = 30


def draw_seven() -> bytes:
    """A PNG of a drawn 7, dark on white."""
    picture = Image.new("L", (280, 280), 255)
    ImageDraw.Draw(picture).line([(70, 60), (210, 60), (120, 230)], fill=20, width=26, joint="curve")
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def list_classifiers() -> list[str]:
    names = [
        path.parts[-4]
        for path in (ROOT / "models").glob("*/*/assets.extra/servable.json")
        if msgspec.json.decode(path.read_bytes())["kind"] == "classifier"
    ]
    return sorted(set(names))


def test_every_classifier_of_the_image_answers(service: Service) -> None:
    names = list_classifiers()
    assert names
    for name in names:
        reply = service.post(f"/predict/{name}", draw_seven())
        assert reply.status_code == 200, reply.text
        [prediction] = reply.json()["predictions"]
        assert sum(prediction["probabilities"].values()) == pytest.approx(1, abs=1e-3), name
        assert name != "digits" or prediction["label"] == "7"


def test_image_has_the_files_of_the_playground(service: Service) -> None:
    for name in ("index.html", "style.css", "main.js", "icon.svg"):
        assert service.get(f"/playground/{name}").status_code == 200, name


def test_healthcheck_of_the_image_works(podman: Podman, service: Service) -> None:
    assert podman.run("healthcheck", "run", service.name).returncode == 0


def test_no_process_has_privileges(service: Service) -> None:
    statuses = service.read_process_statuses()
    assert len(statuses) >= 3  # master, worker, engine
    for status in statuses:
        assert set(status["Uid"].split()) == set(status["Gid"].split()) == {"10001"}
        assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
        assert status["NoNewPrivs"] == "1"


@pytest.mark.parametrize("folder", ["/", "/app", "/app/models", "/opt/inkpaw", "/etc", "/var/tmp"])
def test_only_tmp_can_be_written(podman: Podman, service: Service, folder: str) -> None:
    assert podman.run("exec", service.name, "touch", f"{folder}/mark").returncode != 0


def test_image_holds_compiled_bytecode(podman: Podman, service: Service) -> None:
    cached = podman("exec", service.name, "python", "-c", "import service.settings as s; print(s.__cached__)")
    podman("exec", service.name, "test", "-f", cached)


def test_image_holds_the_client_that_the_batch_job_runs(podman: Podman, service: Service) -> None:
    url = f"http://127.0.0.1:{service.port}"
    output = podman("exec", service.name, "python", "-m", "service.client", "models", "--url", url)
    assert set(list_classifiers()) <= set(output.split())


def test_sigterm_lets_a_request_finish(podman: Podman, start_service: Callable[..., Service]) -> None:
    service = start_service(drain_seconds=3, grace_seconds=GRACE_SECONDS)
    service.wait_until("/readyz", 200)
    body = draw_seven()
    head = f"POST /predict/{list_classifiers()[0]} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n"
    with socket.create_connection(("127.0.0.1", service.port), timeout=GRACE_SECONDS) as client:
        client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:100])
        time.sleep(0.5)
        stopping = podman.start("stop", f"--time={GRACE_SECONDS}", service.name)
        service.wait_until("/readyz", 503)
        assert service.get("/livez").status_code == 200
        time.sleep(4)  # the drain is over: only requests in flight are still served
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", service.port), timeout=1).close()
        client.sendall(body[100:])
        reply = b"".join(iter(lambda: client.recv(1 << 16), b""))
    assert reply.startswith(b"HTTP/1.1 200 ")
    assert stopping.wait(GRACE_SECONDS) == 0
    assert podman("inspect", "--format={{.State.ExitCode}} {{.State.OOMKilled}}", service.name) == "0 false"
