"""The HEALTHCHECK of the Dockerfile, run on this machine as Docker runs it in the container."""

import json
import re
import subprocess
import sys

from tests.support.manifests import ROOT


def run_healthcheck(port: int, **environment: str) -> int:
    """Its exit code: 0 is healthy."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", "")
    [command] = re.findall(r"^HEALTHCHECK .*?CMD (\[.*\])$", text, re.MULTILINE)
    name, *arguments = json.loads(command)
    assert name == "python"
    variables = {"INKPAW_PORT": str(port), "http_proxy": "http://127.0.0.1:9", **environment}
    return subprocess.run([sys.executable, *arguments], env=variables, stderr=subprocess.DEVNULL, timeout=30).returncode
