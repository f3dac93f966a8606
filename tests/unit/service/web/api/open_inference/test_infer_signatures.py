"""`/v2/models/<name>/infer` on foreign SavedModels: strings as BYTES, and signatures by name."""

import json
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.catalog import Catalog, Model, Signature, TensorSpec, Version
from service.ipc import wire
from service.settings import Settings
from service.web.app import create_app
from tests.support.engine import FakeEngine, echo, make_handler

TEXT = TensorSpec("text", "string", (-1,))
SCALAR = TensorSpec("text", "string", ())
SIGNATURES = {"serving_default": Signature((TEXT,), (TEXT,)), "whole": Signature((SCALAR,), (SCALAR,), batched=False)}
CATALOG = Catalog(1, {"texts": Model("texts", {3: Version(3, "AVAILABLE", "", None, SIGNATURES)})})
HEADER = "Inference-Header-Content-Length"


@pytest.fixture
def engine(settings: Settings) -> Iterator[FakeEngine]:
    """An engine that replies with the strings it gets."""
    handle = make_handler(CATALOG)
    with FakeEngine(
        settings.engine_sockets[0],
        lambda call, arrays: echo(call, arrays) if isinstance(call, wire.RunCall) else handle(call, arrays),
    ) as engine:
        yield engine


@pytest.fixture
def web(settings: Settings, engine: FakeEngine) -> FlaskClient:
    return create_app(settings).test_client()


def post(web: FlaskClient, data: object, shape: list[int], signature: str | None = None, **parameters: object) -> Any:
    tensor = {"name": "text", "shape": shape, "datatype": "BYTES", "data": data, "parameters": parameters}
    head = {} if signature is None else {"parameters": {"signature_name": signature}}
    return web.post("/v2/models/texts/infer", json={"inputs": [tensor], **head})


def test_texts_are_sent_to_the_model_and_returned(web: FlaskClient) -> None:
    answer = post(web, ["ink", "pawé"], [2])
    assert answer.status_code == 200, answer.text
    output = {"name": "text", "shape": [2], "datatype": "BYTES", "data": ["ink", "pawé"]}
    assert answer.get_json() == {"model_name": "texts", "model_version": "3", "outputs": [output]}


def test_bytes_that_are_not_text_are_returned_as_base64(web: FlaskClient) -> None:
    (output,) = post(web, ["/9j/", "aW5r"], [2], content_type="base64").get_json()["outputs"]
    assert (output["data"], output["parameters"]) == (["/9j/", "aW5r"], {"content_type": "base64"})


def test_binary_strings_pass_unchanged(web: FlaskClient) -> None:
    blob = b"".join(struct.pack("<I", len(element)) + element for element in (b"\xff\xd8\0\0", b"", b"ink\0"))
    tensor = {"name": "text", "shape": [3], "datatype": "BYTES", "parameters": {"binary_data_size": len(blob)}}
    text = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    answer = web.post("/v2/models/texts/infer", data=text + blob, headers={HEADER: str(len(text))})
    length = int(answer.headers[HEADER])
    assert answer.data[length:] == blob
    (output,) = json.loads(answer.data[:length])["outputs"]
    assert output["parameters"] == {"binary_data_size": len(blob)}


def test_signature_is_chosen_by_name(web: FlaskClient, engine: FakeEngine) -> None:
    assert post(web, ["ink"], [], "whole").get_json()["outputs"][0]["shape"] == []
    assert post(web, ["ink"], [1], "serving_default").status_code == 200
    assert post(web, ["ink"], [1], "").status_code == 200
    calls = [call.signature for call in engine.calls if isinstance(call, wire.RunCall)]
    assert calls == ["whole", "", ""], "the default signature has one name on the wire"


def test_unknown_signature_is_refused_with_a_list(web: FlaskClient) -> None:
    answer = post(web, ["ink"], [1], "treble")
    assert answer.status_code == 400
    assert answer.get_json() == {"error": "There is no signature 'treble'. There are: serving_default, whole."}


def test_limit_of_rows_applies_only_to_batched_signatures(web: FlaskClient) -> None:
    assert post(web, ["a"] * 9, [9]).status_code == 413
    assert post(web, ["a"] * 9, [9], "whole").status_code == 200


def test_other_inputs_are_refused_with_a_list(web: FlaskClient) -> None:
    tensor = {"name": "other", "shape": [1], "datatype": "BYTES", "data": ["a"]}
    answer = web.post("/v2/models/texts/infer", json={"inputs": [tensor]})
    assert (answer.status_code, answer.get_json()["error"]) == (400, "The inputs must be text.")


@pytest.mark.parametrize("path", ["/predict/texts", "/generate/texts?seed=1"])
def test_error_of_native_paths_names_the_path_to_use_instead(web: FlaskClient, path: str) -> None:
    answer = web.post(path, data=b"\x89PNG") if "predict" in path else web.get(path)
    assert answer.status_code == 400
    message = answer.get_json()["error"]["message"]
    assert "no servable.json" in message and "POST /v2/models/texts/infer" in message
