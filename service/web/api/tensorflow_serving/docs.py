"""What TensorFlow Serving's API says about its routes in `/openapi.json`."""

from typing import Annotated

from msgspec import Meta

from service.errors import NotFound
from service.web.api.tensorflow_serving.metadata import ModelMetadata
from service.web.api.tensorflow_serving.predict_request import PredictRequest
from service.web.api.tensorflow_serving.predict_response import ColumnsReply, RowsReply
from service.web.api.tensorflow_serving.status import ModelStatus
from service.web.route_doc import IMAGE_ERRORS, MODEL_ERRORS, TRUNCATED_HEADER, Content, RouteDoc, reply_json

_MODELS = "localhost:8080/v1/models"
_ROWS = '{"instances": [{"seeds": 3, "labels": 7, "truncation": 1.0}]}'
_COLUMNS = '{"inputs": {"seeds": [3, 4], "labels": [7, 7], "truncation": [1.0, 0.5]}}'

_EITHER = {"oneOf": [{"required": ["instances"]}, {"required": ["inputs"]}]}
_Either = Annotated[PredictRequest, Meta(extra_json_schema=_EITHER)]

STATUS = RouteDoc(
    summary="The state of a model's versions",
    replies=(reply_json("The state of every version that the path means.", ModelStatus),),
    errors=MODEL_ERRORS,
    curl=(f"curl {_MODELS}/digits",),
)
METADATA = RouteDoc(
    summary="The signatures of a model",
    replies=(reply_json("The signatures by name.", ModelMetadata),),
    errors=MODEL_ERRORS,
    curl=(f"curl {_MODELS}/digits/metadata",),
)
PREDICT = RouteDoc(
    summary="Run a model on tensors",
    description=(
        "`instances` are rows and get `predictions`; `inputs` are columns and get `outputs`. One must be there. "
        'The image of a classifier may be sent encoded, as `{"b64": ...}`. NaN, Infinity and -Infinity are bare words, '
        "in requests and replies. The content type is not looked at."
    ),
    body=(
        Content(
            "application/json",
            (_Either,),
            examples={
                "rows": {"instances": [{"seeds": 3, "labels": 7, "truncation": 1.0}]},
                "columns": {"inputs": {"seeds": [3, 4], "labels": [7, 7], "truncation": [1.0, 0.5]}},
            },
        ),
    ),
    replies=(
        reply_json("The outputs, in the form of the request.", RowsReply, ColumnsReply, headers=TRUNCATED_HEADER),
    ),
    errors=IMAGE_ERRORS,
    curl=(
        f"curl -d '{_ROWS}' {_MODELS}/digits-gan:predict",
        f"curl -d '{_COLUMNS}' {_MODELS}/digits-gan:predict",
        "curl 'localhost:8080/generate/digits-gan?label=7&seed=3' -o seven.png",
        f'echo \'{{"instances": [{{"b64": "\'$(base64 -w 0 seven.png)\'"}}]}}\' | curl -d @- {_MODELS}/digits:predict',
    ),
)
NOT_OFFERED = RouteDoc(
    summary="Not offered",
    description="Takes tf.Example messages in TensorFlow Serving. Here it answers 404 for every model.",
    replies=(),
    errors=(*MODEL_ERRORS, NotFound),
)
