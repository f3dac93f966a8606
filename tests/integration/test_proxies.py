"""haproxy and nginx in front: neither reads a hostile request as another number of requests than the service does.

All requests of the tables go through the proxy at once, each under paths of its own. Then what the proxy forwarded, by
its log, is held against what the service got, by its own.
"""

import shutil
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.integration.conftest import Serve
from tests.support.hostile_requests import HOSTILE, SMUGGLING, UNUSUAL, change, fill
from tests.support.server import Service
from tests.support.tcp import find_free_port
from tests.support.waiting import wait_until

HAPROXY = """
global
  log stdout format raw local0
defaults
  mode http
  log global
  log-format "forwarded=%s|%[capture.req.uri]"
  timeout connect 5s
  timeout client 3s
  timeout server 3s
  http-reuse always
frontend front
  bind 127.0.0.1:{port}
  default_backend back
backend back
  server service 127.0.0.1:{upstream}
"""
NGINX = """
daemon off;
master_process off;
user root;
pid {folder}/pid;
error_log {folder}/errors;
events {{}}
http {{
  log_format forwarded 'forwarded=$upstream_status|$request_uri';
  access_log {folder}/log forwarded;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_body_timeout 3s;
  client_header_timeout 3s;
  upstream back {{ server 127.0.0.1:{upstream}; keepalive 8; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://back;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_request_buffering {buffering};
    }}
  }}
}}
"""
NOT_FORWARDED = ("<NOSRV>", "-", "")
QUIET = 1.0  # seconds without an answer after which a connection is closed

Proxy = Callable[[int], tuple[str, Callable[[], str]]]


@pytest.fixture(params=["haproxy", "nginx", "nginx without buffers"])
def proxy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Proxy]:
    """Starts the proxy before a port; gives its address, and what reads its log."""
    name = request.param.split()[0]
    program = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        pytest.skip(f"{name} is not installed")
    processes: list[subprocess.Popen[bytes]] = []

    def start(upstream: int) -> tuple[str, Callable[[], str]]:
        port, config, log = find_free_port(), tmp_path / "config", tmp_path / "log"
        template = HAPROXY if name == "haproxy" else NGINX
        buffering = "off" if "without" in request.param else "on"
        config.write_text(template.format(port=port, upstream=upstream, folder=tmp_path, buffering=buffering))
        arguments = ["-db", "-f", config] if name == "haproxy" else ["-p", tmp_path, "-c", config]
        output = log if name == "haproxy" else tmp_path / "output"
        with output.open("w") as file:
            processes.append(subprocess.Popen([program, *arguments], stdout=file, stderr=subprocess.STDOUT))
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: is_up(url), 10, f"{name} answers")
        return url, log.read_text

    yield start
    for process in processes:
        process.terminate()
        process.wait(10)


def is_up(url: str) -> bool:
    try:
        return requests.get(f"{url}/livez", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


def list_requests() -> dict[str, bytes]:
    """Every request of the tables, with another one after it, by the last part of its paths."""
    cases: dict[str, bytes] = {}
    for old, new in [*((old, new) for old, new, _ in HOSTILE.values()), *UNUSUAL.values()]:
        case = f"case{len(cases)}"
        body = b'{"instances": []}'
        head = b"POST /predict/%b HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (case.encode(), len(body))
        length = b"%d" % len(body)
        changed = change(head, (old.replace(b"LENGTH", length), new.replace(b"LENGTH", length)))
        cases[case] = changed + body + make_inner(case)
    for template in SMUGGLING.values():
        case = f"case{len(cases)}"
        cases[case] = fill(template, f"/predict/{case}".encode(), make_inner(case))
    return cases


def make_inner(case: str) -> bytes:
    return f"GET /inner/{case} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


def send(url: str, data: bytes) -> None:
    """Send the bytes, and read until the proxy closes or says nothing more."""
    address = urlsplit(url)
    try:
        with socket.create_connection((address.hostname, address.port or 0), timeout=QUIET) as sock:
            sock.sendall(data)
            while sock.recv(1 << 16):
                pass
    except OSError:  # no more comes, or the connection is reset: it has been read as far as it will be
        pass


def send_all(url: str, cases: dict[str, bytes]) -> None:
    threads = [threading.Thread(target=send, args=(url, data)) for data in cases.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def read_forwarded(log: str) -> Counter[str]:
    """By path, the requests that the proxy sent to the service; a retry of nginx counts as often as it was sent."""
    counts: Counter[str] = Counter()
    for line in log.splitlines():
        forwarded, _, uri = line.removeprefix("forwarded=").partition("|")
        if line.startswith("forwarded=") and forwarded not in NOT_FORWARDED:
            counts[urlsplit(uri).path] += len(forwarded.split(", "))
    return counts


def read_received(service: Service) -> tuple[Counter[str], int]:
    """By path, the requests that the service read, and how many it could not read."""
    lines = [line for line in service.log_lines if line["logger"] == "service.access"]
    return Counter(line["path"] for line in lines if "path" in line), sum("path" not in line for line in lines)


def test_proxy_and_service_read_the_same_requests(serve_stub: Serve, proxy: Proxy) -> None:
    service = serve_stub(workers=1, access_log=1, request_seconds=5)
    url, read_log = proxy(urlsplit(service.url).port or 0)
    cases = list_requests()
    send_all(url, cases)
    for number in range(3):  # after a smuggled request the next one would get its answer
        assert requests.get(f"{url}/predict/after{number}", timeout=5).status_code == 405
    assert requests.get(f"{url}/end", timeout=5).status_code == 404
    wait_until(lambda: "/end" in read_log() and read_received(service)[0]["/end"], 10, "both logs are whole")

    forwarded, (received, unreadable) = read_forwarded(read_log()), read_received(service)
    names = [*HOSTILE, *UNUSUAL, *SMUGGLING]
    smuggled = {
        names[number]: (forwarded[path], received[path])
        for number, case in enumerate(cases)
        for path in (f"/inner/{case}", f"/predict/{case}")
        if received[path] > forwarded[path]
    }
    assert smuggled == {}, "requests that the service read, and the proxy did not send"
    missing = {path: count for path, count in (forwarded - received).items() if path.rpartition("/")[2] in cases}
    assert sum(missing.values()) <= unreadable, "what the service did not answer as a request, it refused as none"
    assert sum(forwarded[path] for path in forwarded if "case" in path) > len(cases) / 4, "most are not sent on"
