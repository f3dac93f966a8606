"""What the operators' paths say about themselves in `/openapi.json`."""

from http import HTTPStatus

from prometheus_client import CONTENT_TYPE_LATEST

from service.errors import DeadlineExceeded, EngineDown, Unavailable
from service.web.api.operations.index import Index
from service.web.health import Live, Ready
from service.web.playground.files import FILES, PAGE
from service.web.route_doc import Content, Reply, RouteDoc, reply_json

INDEX = RouteDoc(
    "What is served",
    (
        Reply(
            "The models that have a manifest, and the other paths. A browser gets the playground.",
            (Content("application/json", (Index,)), Content(FILES[PAGE].content_type, schema={"type": "string"})),
        ),
        Reply("Unchanged: the tag in `If-None-Match` fits.", status=HTTPStatus.NOT_MODIFIED),
    ),
    errors=(Unavailable, EngineDown, DeadlineExceeded),
    curl=("curl localhost:8080/",),
)
PLAYGROUND = RouteDoc(
    "A file of the page that browsers get at /",
    (
        Reply(
            "The file.",
            tuple(
                Content(kind, schema={"type": "string"})
                for kind in sorted({file.content_type for file in FILES.values()})
            ),
        ),
        Reply("Unchanged: the tag in `If-None-Match` fits.", status=HTTPStatus.NOT_MODIFIED),
    ),
    curl=("curl localhost:8080/playground/index.html -o page.html",),
)
LIVEZ = RouteDoc(
    "Whether the service is alive",
    (reply_json("It is alive.", Live),),
    errors=(Unavailable,),
    curl=("curl localhost:8080/livez",),
)
READYZ = RouteDoc(
    "Whether every model answers",
    (reply_json("Every model answers.", Ready),),
    errors=(Unavailable, EngineDown),
    curl=("curl localhost:8080/readyz",),
)
METRICS = RouteDoc(
    "Metrics, for Prometheus",
    (Reply("What all processes have counted.", (Content(CONTENT_TYPE_LATEST, schema={"type": "string"}),)),),
    curl=("curl localhost:8080/metrics",),
)
