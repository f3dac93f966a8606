"""What a request needs to be let in."""

from enum import StrEnum


class Scope(StrEnum):
    """A path needs one of the first three, and a key holds some of them. The others need no key."""

    PREDICT = "predict"
    GENERATE = "generate"
    METRICS = "metrics"
    OPEN = "open"  # counted by the limit per address
    PROBE = "probe"  # not even counted: a probe that fails takes the service out of its load balancer


KEY_SCOPES = (Scope.PREDICT, Scope.GENERATE, Scope.METRICS)
