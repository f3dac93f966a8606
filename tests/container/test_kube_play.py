"""The rendered dev overlay, played by podman, answers."""

from pathlib import Path

import pytest

from tests.container.kube_pod import KubePod
from tests.container.podman import Podman, find_skip_reason
from tests.container.test_container import draw_seven

pytestmark = pytest.mark.skipif(bool(find_skip_reason()), reason=find_skip_reason())


def test_rendered_pod_answers_predictions(podman: Podman, tmp_path: Path) -> None:
    pod = KubePod(podman, tmp_path, "overlays/dev")
    try:
        pod.wait_until("/readyz", 200)
        reply = pod.post("/predict/digits", draw_seven())
        assert reply.status_code == 200, reply.text
        assert reply.json()["predictions"][0]["label"] == "7"
        assert pod.get("/livez").status_code == 200
        assert "inkpaw_requests_total" in pod.get("/metrics").text
        # settings and policies come from the ConfigMaps, and nothing but /tmp can be written
        policies = podman("exec", pod.name, "printenv", "INKPAW_POLICIES")
        assert podman("exec", pod.name, "cat", policies) == "{}"
        for folder in ("/", "/app/models", str(Path(policies).parent)):
            assert podman.run("exec", pod.name, "touch", f"{folder}/mark").returncode != 0, folder
        for status in pod.read_process_statuses():
            assert int(status["CapEff"], 16) == 0
    finally:
        pod.remove()
