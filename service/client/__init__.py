"""A client of an Inkpaw service: `Client`, `AsyncClient`, and the command line `inkpaw`.

In the repository this package is `service.client`; the wheel holds it alone, as `inkpaw`. So it imports nothing else of
`service`, and its own modules by relative imports, which are right under both names.
"""

from typing import TYPE_CHECKING, Any

from .errors import ConnectionFailed, InkpawError, ServiceError, UnreadableImage
from .pictures import Picture
from .results import Explanation, Model, Prediction, Samples
from .sync_client import Client

if TYPE_CHECKING:
    from .async_client import AsyncClient

__all__ = [
    "AsyncClient",
    "Client",
    "ConnectionFailed",
    "Explanation",
    "InkpawError",
    "Model",
    "Picture",
    "Prediction",
    "Samples",
    "ServiceError",
    "UnreadableImage",
]


def __getattr__(name: str) -> Any:
    """AsyncClient on first use: asyncio is a tenth of the time that the command line takes to start."""
    if name != "AsyncClient":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .async_client import AsyncClient

    return AsyncClient
