"""`/playground/<file>`: the files of the page that browsers get at `/`."""

from service.web.playground.files import FILES, make_file_response
from service.web.request import ModelSpec, Request
from service.web.response import Response

PLAYGROUND_PATHS = tuple(f"/playground/{name}" for name in sorted(FILES))


def get_playground_file(request: Request, _: ModelSpec) -> Response:
    return make_file_response(request, request.path.rstrip("/").rpartition("/")[2])
