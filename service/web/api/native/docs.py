"""What the native API says about its routes in `/openapi.json`."""

from http import HTTPStatus
from typing import Annotated

from msgspec import Meta

from service.web.api.native.generate import GeneratedSamples
from service.web.api.native.generate_request import MAX_SEED, GenerateRequest
from service.web.api.native.predict import Predictions
from service.web.codecs.image_formats import MEDIA_TYPES
from service.web.codecs.uploads import Instances
from service.web.route_doc import RUN_ERRORS, Content, Parameter, Reply, RouteDoc, reply_json

_FILES = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "format": "binary"}},
    "description": "Any number of files, under any names. Fields without a file are passed over.",
}
_Seed = Annotated[int, Meta(ge=0, le=MAX_SEED)]
_GET = ("GET",)

PREDICT = RouteDoc(
    summary="Label images",
    description=(
        "One image as it is, or several: as files of multipart, or as base64 in JSON. Every format that Pillow reads "
        "safely is taken: PNG, JPEG, WebP, GIF, BMP, TIFF and others. JSON may come without its content type."
    ),
    parameters=(
        Parameter(
            "top", "query", "List only that many labels, the likeliest first.", Annotated[int, Meta(ge=1, le=9999)], 3
        ),
    ),
    body=(
        Content("application/octet-stream"),
        Content("image/*"),
        Content("multipart/form-data", schema=_FILES),
        Content("application/json", (Instances,)),
    ),
    replies=(reply_json("A prediction for each image.", Predictions),),
    errors=RUN_ERRORS,
    curl=(
        "curl 'localhost:8080/generate/digits-gan?label=7&seed=3' -o seven.png",
        "curl --data-binary @seven.png 'localhost:8080/predict/digits?top=3'",
        "curl -F file=@seven.png -F file=@seven.png localhost:8080/predict/digits",
        'echo \'{"instances": [{"b64": "\'$(base64 -w 0 seven.png)\'"}]}\' | '
        "curl -d @- -H Content-Type:application/json localhost:8080/predict/digits",
    ),
)

PREPARE = RouteDoc(
    summary="Show an image as a model sees it",
    description="One image, as for /predict. The model is not run.",
    body=PREDICT.body,
    replies=(
        Reply(
            "What the model gets.",
            (Content(MEDIA_TYPES["png"]),),
            headers={"Inkpaw-Version": "The version that would answer.", "Cache-Control": "That it is not to be kept."},
        ),
    ),
    errors=RUN_ERRORS,
    curl=(
        "curl 'localhost:8080/generate/digits-gan?label=7&seed=3' -o seven.png",
        "curl --data-binary @seven.png localhost:8080/prepare/digits -o seen.png",
    ),
)

_CACHE_HEADERS = {"ETag": "Where a seed was given: the tag of the answer.", "Cache-Control": "Whether to keep it."}
_HEADERS = _CACHE_HEADERS | {
    "Inkpaw-Version": "The version that answered.",
    "Inkpaw-Seeds": "The seeds, such as `7..22` or `3,9`, if they are short enough for a header.",
}
_JSON = MEDIA_TYPES["json"]
_OTHERS = sorted(set(MEDIA_TYPES.values()) - {_JSON})

GENERATE = RouteDoc(
    summary="Generate samples",
    description="The same seed, label and truncation give the same image, alone or among others.",
    parameters=(
        Parameter(
            "count",
            "query",
            "1 if not given; at most `INKPAW_MAX_IMAGES`.",
            Annotated[int, Meta(ge=1)],
            methods=_GET,
        ),
        Parameter("seed", "query", "Of the first sample; the others count up. Else it is drawn.", _Seed, 3, _GET),
        Parameter("seeds", "query", "A seed per sample, separated by commas.", str, methods=_GET),
        Parameter("label", "query", "A class by name or index, or several; `any` and -1 are any.", str, "7", _GET),
        Parameter("labels", "query", "The same as `label`.", str, methods=_GET),
        Parameter(
            "truncation",
            "query",
            "Over 0 and at most 1. Less gives likelier and less varied samples.",
            Annotated[float, Meta(gt=0, le=1)],
            methods=_GET,
        ),
        Parameter(
            "format",
            "query",
            f"One of {', '.join(MEDIA_TYPES)}; png, for one sample, if not given.",
            Annotated[str, Meta(extra_json_schema={"enum": list(MEDIA_TYPES)})],
            "png",
            _GET,
        ),
        Parameter("If-None-Match", "header", "A tag that was answered before.", str),
    ),
    body=(
        Content(
            "application/json",
            (GenerateRequest,),
            examples={"sixteen sevens": {"count": 16, "seed": 3, "labels": "7", "format": "grid"}},
        ),
    ),
    body_required=False,
    replies=(
        Reply("The samples.", (*map(Content, _OTHERS), Content(_JSON, (GeneratedSamples,))), headers=_HEADERS),
        Reply("Unchanged: the tag in `If-None-Match` fits.", status=HTTPStatus.NOT_MODIFIED, headers=_CACHE_HEADERS),
    ),
    errors=RUN_ERRORS,
    curl=(
        "curl 'localhost:8080/generate/digits-gan?label=7&seed=3' -o seven.png",
        "curl 'localhost:8080/generate/digits-gan?count=2&seed=3&format=json'",
        'curl -d \'{"seeds": [3, 4], "labels": ["7", "any"], "format": "json"}\' localhost:8080/generate/digits-gan',
    ),
)
