"""The share of one of several processes that work on the same pictures, such as the pods of a Kubernetes Job."""

import os
import re
import zlib
from dataclasses import dataclass

from .exit_codes import UsageError

INDEX, COUNT = "JOB_COMPLETION_INDEX", "JOB_COMPLETION_COUNT"
_SHARD = re.compile(r"(\d{1,6})/(\d{1,6})")


@dataclass(frozen=True)
class Shard:
    index: int
    count: int

    def holds(self, name: str) -> bool:
        """A picture's name decides, so shards never overlap, also while pictures are added."""
        return zlib.crc32(name.encode()) % self.count == self.index


def choose_shard(text: str | None) -> Shard:
    """From `INDEX/COUNT`, else from Kubernetes' variables, else everything. Raises UsageError."""
    if text is None:
        index, count = os.environ.get(INDEX), os.environ.get(COUNT)
        if index is None and count is None:
            return Shard(0, 1)
        if not index or not count:
            raise UsageError(f"A shard needs both {INDEX} and {COUNT}, or --shard INDEX/COUNT.")
        text = f"{index}/{count}"
    match = _SHARD.fullmatch(text)
    if match is None or int(match[1]) >= int(match[2]):
        raise UsageError(f"'{text}' is not a shard: INDEX/COUNT, where INDEX is from 0 to COUNT - 1.")
    return Shard(int(match[1]), int(match[2]))
