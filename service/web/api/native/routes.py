"""Inkpaw's own API: images to labels, seeds to images, and images as a model sees them."""

from service.web.api.native import docs
from service.web.api.native.generate import generate
from service.web.api.native.predict import predict
from service.web.api.native.prepare import prepare
from service.web.routing import Protocol, Route

PREDICT = Protocol("predict", title="Images to labels")
GENERATE = Protocol("generate", title="Seeds to images")
PREPARE = Protocol("prepare", title="Images as a model sees them")

_VERSIONS = "/versions/<version:version>"
_LABELS = "/labels/<label>"

ROUTES = (
    Route(
        ("/predict/<name>", f"/predict/<name>{_VERSIONS}", f"/predict/<name>{_LABELS}"),
        ("POST",),
        predict,
        PREDICT,
        fast_path=True,
        doc=docs.PREDICT,
    ),
    Route(
        ("/generate/<name>", f"/generate/<name>{_VERSIONS}", f"/generate/<name>{_LABELS}"),
        ("GET", "POST"),
        generate,
        GENERATE,
        doc=docs.GENERATE,
    ),
    Route(
        ("/prepare/<name>", f"/prepare/<name>{_VERSIONS}", f"/prepare/<name>{_LABELS}"),
        ("POST",),
        prepare,
        PREPARE,
        fast_path=True,
        doc=docs.PREPARE,
    ),
)
