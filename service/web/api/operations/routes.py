"""What operators ask: health, metrics, and what is served; for browsers, the playground."""

from service.access.scopes import Scope
from service.web.api.operations import docs
from service.web.api.operations.health import get_livez, get_readyz
from service.web.api.operations.index import get_index
from service.web.api.operations.metrics import get_metrics
from service.web.api.operations.playground import PLAYGROUND_PATHS, get_playground_file
from service.web.routing import Protocol, Route

PROTOCOL = Protocol("operations", title="For operators")

ROUTES = (
    Route(("/",), ("GET",), get_index, PROTOCOL, doc=docs.INDEX, scope=Scope.OPEN),
    Route(PLAYGROUND_PATHS, ("GET",), get_playground_file, PROTOCOL, doc=docs.PLAYGROUND, scope=Scope.OPEN),
    # a busy worker must answer these, or Kubernetes would take it out of service just when it is needed
    Route(("/livez",), ("GET",), get_livez, PROTOCOL, admission=False, doc=docs.LIVEZ, scope=Scope.PROBE),
    Route(("/readyz",), ("GET",), get_readyz, PROTOCOL, admission=False, doc=docs.READYZ, scope=Scope.PROBE),
    Route(("/metrics",), ("GET",), get_metrics, PROTOCOL, admission=False, doc=docs.METRICS, scope=Scope.METRICS),
)
