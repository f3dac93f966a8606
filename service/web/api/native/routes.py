"""Inkpaw's own API: images to labels and to where these come from, seeds to images, images as a model sees them."""

from service.access.scopes import Scope
from service.web.api.native import docs
from service.web.api.native.explain import explain
from service.web.api.native.generate import generate
from service.web.api.native.predict import predict
from service.web.api.native.prepare import prepare
from service.web.api.native.walk import walk
from service.web.routing import Protocol, Route

PREDICT = Protocol("predict", title="Images to labels")
GENERATE = Protocol("generate", title="Seeds to images")
EXPLAIN = Protocol("explain", title="Where in an image an answer comes from")
PREPARE = Protocol("prepare", title="Images as a model sees them")


def _list_rules(verb: str, action: str = "") -> tuple[str, ...]:
    """The verb's paths: of the model, of one of its versions, of one of its labels; each with the action at its end."""
    model = f"/{verb}/<name>"
    return tuple(path + action for path in (model, f"{model}/versions/<version:version>", f"{model}/labels/<label>"))


ROUTES = (
    Route(_list_rules("predict"), ("POST",), predict, PREDICT, fast_path=True, doc=docs.PREDICT),
    Route(_list_rules("generate"), ("GET", "POST"), generate, GENERATE, doc=docs.GENERATE, scope=Scope.GENERATE),
    Route(_list_rules("generate", "/walk"), ("GET",), walk, GENERATE, doc=docs.WALK, scope=Scope.GENERATE),
    Route(_list_rules("explain"), ("POST",), explain, EXPLAIN, fast_path=True, doc=docs.EXPLAIN),
    Route(_list_rules("prepare"), ("POST",), prepare, PREPARE, fast_path=True, doc=docs.PREPARE),
)
