"""A client of an Inkpaw service: `Client`, `AsyncClient`, and the command line `inkpaw`.

In the repository this package is `service.client`; the wheel holds it alone, as `inkpaw`. So it imports nothing else of
`service`, and its own modules by relative imports, which are right under both names.
"""

from .async_client import AsyncClient
from .errors import ConnectionFailed, InkpawError, ServiceError, UnreadableImage
from .pictures import Picture
from .results import Model, Prediction, Samples
from .sync_client import Client

__all__ = [
    "AsyncClient",
    "Client",
    "ConnectionFailed",
    "InkpawError",
    "Model",
    "Picture",
    "Prediction",
    "Samples",
    "ServiceError",
    "UnreadableImage",
]
