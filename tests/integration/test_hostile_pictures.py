"""Pictures that are small as files and large as pictures hold up nobody else."""

import time
from base64 import b64encode

import pytest
from PIL import Image

from tests.integration.conftest import Serve
from tests.support.hostile_images import make_jpeg_of_scans, save
from tests.support.load import Load
from tests.support.pictures import make_digit_png
from tests.support.server import Service


def test_flood_of_large_pictures_in_small_files_delays_no_other(serve: Serve) -> None:
    """Decoded in the worker's loop, as small files are, they would make gunicorn kill the worker."""
    service = serve("tiny", workers=1, request_seconds=5)
    (worker,) = service.worker_pids
    picture = save(Image.new("RGB", (7000, 7000)), "WEBP", lossless=True, method=0)
    assert len(picture) < 4096
    with Load(lambda session: session.post(f"{service.url}/predict/tiny", picture, timeout=30), threads=16) as load:
        load.wait_for_responses(4)
        for _ in range(10):
            began = time.monotonic()
            assert service.post("/predict/tiny", make_digit_png()).status_code == 200
            assert service.get("/livez").status_code == 200
            assert time.monotonic() - began < 1
    assert set(load.statuses) <= {200, 503, 504} and not load.errors
    assert load.statuses[200]
    assert service.worker_pids == [worker]
    assert service.post("/predict/tiny", picture).status_code == 200


@pytest.mark.parametrize("scans", [200, 20_000])
def test_jpeg_of_many_scans_is_refused_at_once(service: Service, scans: int) -> None:
    began = time.monotonic()
    response = service.post("/predict/tiny", make_jpeg_of_scans(scans, 300))
    assert (response.status_code, response.json()["error"]["code"]) == (400, "bad_image")
    assert time.monotonic() - began < 1


def test_truncated_jpeg_is_answered_with_a_warning(service: Service) -> None:
    whole = save(Image.linear_gradient("L"), "JPEG")
    files = [("file", data) for data in (whole, whole[:-2], make_digit_png())]
    predictions = service.post("/predict/tiny", files=files).json()["predictions"]
    assert [prediction.get("warnings") for prediction in predictions] == [None, ["truncated"], None]
    assert predictions[1].pop("warnings") and predictions[1] == predictions[0]
    response = service.post("/predict/tiny", whole[: len(whole) // 2])
    assert (response.status_code, response.json()["error"]["code"]) == (400, "bad_image")


def test_truncated_jpeg_is_named_in_a_header_where_a_reply_has_no_place_for_a_warning(service: Service) -> None:
    whole = save(Image.linear_gradient("L"), "JPEG")
    for cut, status, header in ((len(whole), 200, None), (-2, 200, "1"), (len(whole) // 2, 400, None)):
        texts = [b64encode(data).decode() for data in (whole, whole[:cut])]
        tensor = {"name": "images", "shape": [2], "datatype": "BYTES", "data": texts}
        rows = service.post("/v1/models/tiny:predict", json={"instances": [{"b64": text} for text in texts]})
        tensors = service.post("/v2/models/tiny/infer", json={"inputs": [tensor]})
        for response in (rows, tensors):
            assert (response.status_code, response.headers.get("Inkpaw-Truncated")) == (status, header)
