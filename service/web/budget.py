"""Bounds what all requests in flight of a worker hold together, such as the bytes of their bodies.

For the greenlets of one thread.
"""

from service.errors import Overloaded


class Budget:
    """A request that is alone always fits; beside others it is refused once they would hold more than `limit`."""

    def __init__(self, limit: int, refusal: str) -> None:
        self.in_use = 0
        self.limit = limit
        self.refusal = refusal

    def open_share(self) -> "Share":
        return Share(self)


class Share:
    """What one request holds of a budget, until it is released."""

    def __init__(self, budget: Budget) -> None:
        self.held = 0
        self._budget = budget

    def check(self, amount: int) -> None:
        """Raises Overloaded if so much more does not fit now."""
        budget = self._budget
        if budget.in_use > self.held and budget.in_use + amount > budget.limit:
            raise Overloaded(budget.refusal)

    def take(self, amount: int) -> None:
        """Hold so much more. Raises Overloaded."""
        self.check(amount)
        self.held += amount
        self._budget.in_use += amount

    def keep(self, amount: int) -> None:
        """Give back all but so much."""
        self._budget.in_use -= self.held - amount
        self.held = amount

    def release(self) -> None:
        self.keep(0)
