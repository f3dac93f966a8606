"""What is left of a limit, for the client."""

from typing import Literal, NamedTuple

Policy = Literal["address", "key"]


class Quota(NamedTuple):
    """`remaining` of `amount` requests per `window` seconds, which ends in `seconds`."""

    policy: Policy
    amount: int
    window: int
    remaining: int
    seconds: int
