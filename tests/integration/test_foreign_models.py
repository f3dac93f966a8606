"""SavedModels made for TensorFlow Serving, in a real service: strings, signatures and requests without rows."""

import io
import json
import re
import shutil
import struct
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from tests.integration.conftest import run_service
from tests.support.server import ROOT, Service

HEADER = "Inference-Header-Content-Length"


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    from tests.support import saved_models

    folder = tmp_path_factory.mktemp("foreign")
    for name in saved_models.NAMES:
        saved_models.build_model(folder, name)
    with run_service(folder, Service) as service:
        yield service
        assert "Traceback" not in service.log


def infer(service: Service, name: str, signature: str | None = None, **inputs: tuple[str, list[int], list[Any]]) -> Any:
    tensors = [
        {"name": key, "datatype": datatype, "shape": shape, "data": data}
        for key, (datatype, shape, data) in inputs.items()
    ]
    parameters = {} if signature is None else {"parameters": {"signature_name": signature}}
    return service.post(f"/v2/models/{name}/infer", json.dumps({"inputs": tensors, **parameters}))


def read_outputs(answer: Any) -> dict[str, list[Any]]:
    assert answer.status_code == 200, answer.text
    return {output["name"]: output["data"] for output in answer.json()["outputs"]}


def test_texts_are_answered(foreign: Service) -> None:
    answer = infer(foreign, "texts", text=("BYTES", [3], ["ink", "", "pawé"]))
    assert read_outputs(answer) == {"shout": ["ink!", "!", "pawé!"], "length": [3, 0, 5]}


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
def test_example_of_the_page_works(foreign: Service) -> None:
    (command,) = re.findall(r"^    (curl .*\n.*)$", (ROOT / "docs/savedmodels.md").read_text(), re.MULTILINE)
    command = command.replace("localhost:8080", foreign.url).replace("curl ", "curl -sS --fail-with-body ")
    answer = json.loads(subprocess.run(["bash", "-c", command], capture_output=True, check=True, timeout=60).stdout)
    outputs = {tensor["name"]: tensor["data"] for tensor in answer["outputs"]}
    assert outputs == {"shout": ["ink!", "paw!"], "length": [3, 3]}


def test_jpeg_reaches_the_model_unchanged(foreign: Service) -> None:
    file = io.BytesIO()
    Image.effect_noise((40, 30), 90).save(file, "JPEG")
    jpeg = file.getvalue()
    blob = struct.pack("<I", len(jpeg)) + jpeg
    tensor = {"name": "jpeg", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": len(blob)}}
    outputs = [{"name": "jpeg", "parameters": {"binary_data": True}}, {"name": "size"}]
    head = json.dumps({"inputs": [tensor], "outputs": outputs}).encode()
    answer = foreign.post("/v2/models/photos/infer", head + blob, headers={HEADER: str(len(head))})
    length = int(answer.headers[HEADER])
    assert answer.content[length:] == blob
    assert json.loads(answer.content[:length])["outputs"][1]["data"] == [30, 40, 3]


def test_string_that_is_not_a_jpeg_is_a_bad_request(foreign: Service) -> None:
    answer = infer(foreign, "photos", jpeg=("BYTES", [1], ["no JPEG"]))
    assert (answer.status_code, "refuses these strings" in answer.json()["error"]) == (400, True)


@pytest.mark.parametrize(
    ("name", "signature", "expected"),
    [
        ("several", None, [3.0]),
        ("several", "serving_default", [3.0]),
        ("several", "double", [6.0]),
        ("several", "negate", [-3.0]),
        ("lone", None, [6.0]),
        ("lone", "only", [6.0]),
        ("nameless", "negate", [-3.0]),
    ],
)
def test_signature_is_chosen_by_name(foreign: Service, name: str, signature: str | None, expected: list[float]) -> None:
    assert read_outputs(infer(foreign, name, signature, x=("FP32", [1], [3]))) == {"y": expected}


@pytest.mark.parametrize(("name", "signature"), [("several", "treble"), ("nameless", None)])
def test_error_for_an_unknown_signature_lists_the_signatures(
    foreign: Service, name: str, signature: str | None
) -> None:
    answer = infer(foreign, name, signature, x=("FP32", [1], [3]))
    assert (answer.status_code, "There are: double, negate" in answer.json()["error"]) == (400, True)


def test_requests_without_rows_are_answered(foreign: Service) -> None:
    scalars = infer(foreign, "scalar", start=("FP32", [], [2]), step=("FP32", [], [0.5]))
    assert read_outputs(scalars) == {"next": [2.5], "text": ["2.5"]}
    assert read_outputs(infer(foreign, "fixed", x=("FP32", [1, 3], [1, 2, 3]))) == {"y": [2.0, 4.0, 6.0]}
    assert read_outputs(infer(foreign, "total", x=("FP32", [300], [-1.0] * 299 + [4.0]))) == {"positive": [4.0]}
    refused = infer(foreign, "fixed", x=("FP32", [2, 3], [1, 2, 3, 4, 5, 6]))
    assert (refused.status_code, "[1, 3]" in refused.json()["error"]) == (400, True)


def test_model_without_a_working_warm_up_answers(foreign: Service) -> None:
    assert read_outputs(infer(foreign, "stubborn", x=("INT32", [2], [7, 8]))) == {"y": [7, 8]}
    assert foreign.log.count("without a warm-up") == 2, "of `stubborn` and of `photos`"


def test_predict_error_names_the_path_to_use_instead(foreign: Service) -> None:
    answer = foreign.post("/predict/photos", b"\x89PNG")
    assert (answer.status_code, "POST /v2/models/photos/infer" in answer.text) == (400, True)
