"""What large bodies and pictures cost a worker: bounded while they are there, given back when they are gone."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from PIL import Image

from tests.integration.conftest import BuildModel, copy_models, run_service
from tests.support.hostile_images import save
from tests.support.pictures import make_digit_png
from tests.support.processes import read_memory, read_peak_memory
from tests.support.server import Service
from tests.support.waiting import wait_until

MIB = 1 << 20
BODY = 60_000_000
LARGEST_AT_ONCE = 4  # as the documentation says
SLACK = 40 * MIB
REFUSED = b"HTTP/1.1 503 "


@pytest.fixture(scope="module")
def one_worker(build_model: BuildModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = copy_models(build_model, tmp_path_factory.mktemp("models"), "tiny")
    with run_service(folder, Service, workers=1) as service:
        service.post("/predict/tiny", make_digit_png())
        yield service


@pytest.fixture(scope="module")
def idle_memory(one_worker: Service) -> int:
    return read_memory(one_worker.worker_pids[0])


def test_memory_of_large_bodies_is_given_back(one_worker: Service, idle_memory: int) -> None:
    (worker,) = one_worker.worker_pids
    for _ in range(8):
        assert one_worker.post("/predict/tiny", bytes(BODY)).status_code == 400
    wait_until(lambda: read_memory(worker) < idle_memory + SLACK)


def test_memory_of_large_pictures_is_given_back(one_worker: Service, idle_memory: int) -> None:
    (worker,) = one_worker.worker_pids
    tiff = save(Image.new("L", (5000, 5000)), "TIFF", compression="tiff_lzw", tiffinfo={278: 5000})
    png = save(Image.new("RGB", (3000, 3000)), "PNG")[:-2000] + bytes(5_000_000)
    for data, status in ((tiff, 200), (png, 400)):
        for _ in range(12):
            assert one_worker.post("/predict/tiny", data).status_code == status
    wait_until(lambda: read_memory(worker) < idle_memory + SLACK)


def test_clients_that_hold_large_bodies_are_refused_beyond_the_budget(one_worker: Service, idle_memory: int) -> None:
    (worker,) = one_worker.worker_pids
    address = urlsplit(one_worker.url)
    responses: list[bytes] = []
    clients = [socket.create_connection((address.hostname, address.port)) for _ in range(12)]

    def send_all_but_one_byte(client: socket.socket) -> None:
        try:
            client.sendall(f"POST /predict/tiny HTTP/1.1\r\nHost: a\r\nContent-Length: {BODY}\r\n\r\n".encode())
            client.sendall(bytes(BODY - 1))
            responses.append(client.recv(64))
        except OSError:  # refused while it still sends: the connection may be closed before it reads
            responses.append(REFUSED)

    threads = [threading.Thread(target=send_all_but_one_byte, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(responses) >= len(clients) - LARGEST_AT_ONCE, 30)
    assert all(response.startswith(REFUSED) for response in responses[: len(clients) - LARGEST_AT_ONCE])
    assert one_worker.post("/predict/tiny", make_digit_png()).status_code == 200, "small bodies are not shut out"
    for client in clients:
        with closing(client):
            client.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join(20)
    largest = LARGEST_AT_ONCE * (64 << 20)
    assert read_peak_memory(worker) < idle_memory + largest * 9 // 8 + SLACK
    wait_until(lambda: read_memory(worker) < idle_memory + SLACK)
    assert one_worker.post("/predict/tiny", bytes(BODY)).status_code == 400, "what they held can be held again"
