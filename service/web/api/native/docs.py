"""What the native API says about its routes in `/openapi.json`."""

from http import HTTPStatus
from typing import Annotated

from msgspec import Meta

from service.errors import NotOffered
from service.web.api.native.explain import FORMATS, Explanation
from service.web.api.native.generate import GeneratedSamples
from service.web.api.native.generate_request import GenerateRequest, Seed, Truncation
from service.web.api.native.predict import Predictions
from service.web.api.native.walk import DEFAULT_FRAMES, MAX_FRAMES, Frames
from service.web.codecs.animations import ANIMATIONS
from service.web.codecs.image_formats import MEDIA_TYPES
from service.web.codecs.uploads import Instances
from service.web.route_doc import IMAGE_ERRORS, RUN_ERRORS, Content, Parameter, Reply, RouteDoc, reply_json

_FILES = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "format": "binary"}},
    "description": "Any number of files, under any names. Fields without a file are passed over.",
}
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
    errors=IMAGE_ERRORS,
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
    errors=IMAGE_ERRORS,
    curl=(
        "curl 'localhost:8080/generate/digits-gan?label=7&seed=3' -o seven.png",
        "curl --data-binary @seven.png localhost:8080/prepare/digits -o seen.png",
    ),
)

EXPLAIN = RouteDoc(
    summary="Show where in an image the answer comes from",
    description=(
        "One image, as for /predict. The PNG shows the map over the image. With the treatment `photo` that is the "
        "whole image, upright, with sides of at most 512 pixels, and ends that the model does not get have no colour; "
        "else it is the image as /prepare shows it. Cold is the lowest value of this map, hot its highest."
    ),
    parameters=(
        Parameter("label", "query", "The label whose map is wanted; the likeliest if not given.", str, "7"),
        Parameter(
            "format",
            "query",
            "png or json. Else Accept decides: png, unless JSON is preferred.",
            Annotated[str, Meta(extra_json_schema={"enum": list(FORMATS)})],
            "png",
        ),
    ),
    body=PREDICT.body,
    replies=(
        Reply(
            "The map.",
            (Content(MEDIA_TYPES["png"]), Content(MEDIA_TYPES["json"], (Explanation,))),
            headers={"Inkpaw-Version": "Of a PNG: the version that answered.", "Vary": "That Accept may decide."},
        ),
    ),
    errors=(*IMAGE_ERRORS, NotOffered),
    curl=(
        "curl 'localhost:8080/generate/digits-gan?label=7&seed=3' -o seven.png",
        "curl --data-binary @seven.png localhost:8080/explain/digits -o heat.png",
        "curl --data-binary @seven.png 'localhost:8080/explain/digits?label=1&format=json'",
    ),
)

_CACHE_HEADERS = {"ETag": "Where a seed was given: the tag of the answer.", "Cache-Control": "Whether to keep it."}
_HEADERS = _CACHE_HEADERS | {
    "Inkpaw-Version": "The version that answered.",
    "Inkpaw-Seeds": "The seeds, such as `7..22` or `3,9`, if they are short enough for a header.",
}
_JSON = MEDIA_TYPES["json"]
_OTHERS = sorted(set(MEDIA_TYPES.values()) - {_JSON})

_TRUNCATION = Parameter(
    "truncation",
    "query",
    "Over 0 and at most 1. Less gives likelier and less varied samples.",
    Truncation,
    methods=_GET,
)
_IF_NONE_MATCH = Parameter("If-None-Match", "header", "A tag that was answered before.", str)
_UNCHANGED = Reply(
    "Unchanged: the tag in `If-None-Match` fits.", status=HTTPStatus.NOT_MODIFIED, headers=_CACHE_HEADERS
)

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
        Parameter("seed", "query", "Of the first sample; the others count up. Else it is drawn.", Seed, 3, _GET),
        Parameter("seeds", "query", "A seed per sample, separated by commas.", str, methods=_GET),
        Parameter("label", "query", "A class by name or index, or several; `any` and -1 are any.", str, "7", _GET),
        Parameter("labels", "query", "The same as `label`.", str, methods=_GET),
        _TRUNCATION,
        Parameter(
            "format",
            "query",
            f"One of {', '.join(MEDIA_TYPES)}; png, for one sample, if not given.",
            Annotated[str, Meta(extra_json_schema={"enum": list(MEDIA_TYPES)})],
            "png",
            _GET,
        ),
        _IF_NONE_MATCH,
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
        _UNCHANGED,
    ),
    errors=RUN_ERRORS,
    curl=(
        "curl 'localhost:8080/generate/digits-gan?label=7&seed=3' -o seven.png",
        "curl 'localhost:8080/generate/digits-gan?count=2&seed=3&format=json'",
        'curl -d \'{"seeds": [3, 4], "labels": ["7", "any"], "format": "json"}\' localhost:8080/generate/digits-gan',
    ),
)

WALK = RouteDoc(
    summary="Go from one seed to another",
    description=(
        "Frames from the sample of one seed to that of another, as an animation that plays again and again. Its first "
        "and last frames are what /generate answers for the two seeds. With any label, each half of the way has the "
        "label of its own end."
    ),
    parameters=(
        Parameter("from", "query", "The first seed; drawn if not given.", Seed, 3),
        Parameter("to", "query", "The last seed; drawn if not given.", Seed, 4),
        Parameter(
            "frames",
            "query",
            f"{DEFAULT_FRAMES} if not given; at most {MAX_FRAMES}, and at most `INKPAW_MAX_IMAGES`.",
            Frames,
        ),
        Parameter("label", "query", "A class by name; `any` and -1 are any.", str, "7"),
        _TRUNCATION,
        Parameter(
            "format",
            "query",
            "png and webp are animations, without loss; npy is uint8 [frames,height,width,channels].",
            Annotated[str, Meta(extra_json_schema={"enum": list(ANIMATIONS)})],
            "png",
        ),
        _IF_NONE_MATCH,
    ),
    replies=(
        Reply("The frames.", tuple(map(Content, ANIMATIONS.values())), headers=_HEADERS),
        _UNCHANGED,
    ),
    errors=(*RUN_ERRORS, NotOffered),
    curl=("curl 'localhost:8080/generate/digits-gan/walk?from=3&to=4&label=7' -o walk.png",),
)
