"""`/playground/<file>`: the files of the page that browsers get at `/`."""

from service.web.playground.files import make_file_response
from service.web.request import ModelSpec, Request
from service.web.response import Response


def get_playground_file(request: Request, spec: ModelSpec) -> Response:
    """`spec.name` is the name of the file."""
    return make_file_response(request, spec.name)
