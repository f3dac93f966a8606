"""What the Open Inference Protocol says about its routes in `/openapi.json`."""

from typing import Annotated

from msgspec import Meta

from service.errors import DeadlineExceeded, EngineDown, Unavailable
from service.web.api.open_inference.infer import InferResponse
from service.web.api.open_inference.infer_request import JSON_LENGTH_HEADER, InferRequest
from service.web.api.open_inference.models import ModelDescription, ModelReady
from service.web.api.open_inference.repository import IndexEntry, IndexRequest
from service.web.api.open_inference.server import Server
from service.web.health import Live, Ready
from service.web.route_doc import (
    IMAGE_ERRORS,
    MODEL_ERRORS,
    TRUNCATED_HEADER,
    Content,
    Parameter,
    Reply,
    RouteDoc,
    reply_json,
)

_GENERATE = {
    "id": "one",
    "inputs": [
        {"name": "seeds", "shape": [1], "datatype": "INT64", "data": [3]},
        {"name": "labels", "shape": [1], "datatype": "INT32", "data": [7]},
        {"name": "truncation", "shape": [1], "datatype": "FP32", "data": [1.0]},
    ],
}
_HEADER = "The bytes of JSON that the body begins with, if the bytes of binary tensors follow it."
_BINARY = "application/octet-stream"

SERVER = RouteDoc(
    "What the server is", (reply_json("Name, version and extensions.", Server),), curl=("curl localhost:8080/v2",)
)
LIVE = RouteDoc(
    "Whether the server is alive",
    (reply_json("It is alive.", Live),),
    errors=(Unavailable,),
    curl=("curl localhost:8080/v2/health/live",),
)
READY = RouteDoc(
    "Whether every model answers",
    (reply_json("Every model answers.", Ready),),
    errors=(Unavailable, EngineDown),
    curl=("curl localhost:8080/v2/health/ready",),
)
METADATA = RouteDoc(
    "What a model takes and returns",
    (reply_json("Its inputs and outputs.", ModelDescription),),
    parameters=(Parameter("signature_name", "query", "A signature of the model; the default one if not given."),),
    errors=MODEL_ERRORS,
    curl=("curl localhost:8080/v2/models/digits",),
)
MODEL_READY = RouteDoc(
    "Whether a model answers",
    (reply_json("It answers.", ModelReady),),
    errors=MODEL_ERRORS,
    curl=("curl localhost:8080/v2/models/digits/ready",),
)
INFER = RouteDoc(
    "Run a model on tensors",
    (
        Reply(
            "The outputs: in JSON, or where binary data are asked for, JSON and after it their bytes.",
            (Content("application/json", (InferResponse,)), Content(_BINARY)),
            headers=TRUNCATED_HEADER | {JSON_LENGTH_HEADER: "The bytes of JSON that a binary body begins with."},
        ),
    ),
    description=(
        "A tensor is in the JSON as `data`, or in binary after the JSON, in the order of the inputs, with its size in "
        "`parameters.binary_data_size`. A BYTES tensor for the image of a classifier holds encoded images, in JSON as "
        "base64. `NaN`, `Infinity` and `-Infinity` may be texts or bare words. The content type is not looked at."
    ),
    parameters=(Parameter(JSON_LENGTH_HEADER, "header", _HEADER, Annotated[int, Meta(ge=0)]),),
    body=(
        Content("application/json", (InferRequest,), examples={"a seven": _GENERATE}),
        Content(_BINARY),
    ),
    errors=IMAGE_ERRORS,
    curl=(
        "curl 'localhost:8080/generate/digits-gan?label=7&seed=3' -o seven.png",
        'curl -d \'{"inputs": [{"name": "images", "shape": [1], "datatype": "BYTES", "data": '
        "[\"'$(base64 -w 0 seven.png)'\"]}]}' localhost:8080/v2/models/digits/infer",
    ),
)
INDEX = RouteDoc(
    "The versions in the model repository",
    (reply_json("Every version, or those that answer.", list[IndexEntry]),),
    body=(Content("application/json", (IndexRequest,), examples={"what answers": {"ready": True}}),),
    body_required=False,
    errors=(Unavailable, EngineDown, DeadlineExceeded),
    curl=("curl -X POST localhost:8080/v2/repository/index",),
)
