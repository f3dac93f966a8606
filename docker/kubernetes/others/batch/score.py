"""Scores this pod's share of a folder of pictures: `score.py <predict URL> <pictures> <results>`.

Writes `part-<index>.jsonl`: per picture one line with its path and the service's predictions or error. Needs only
Python's own library.
"""

import http.client
import json
import os
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

TRIES = 20
MAX_PAUSE = 30.0  # seconds


def list_pictures(folder: Path, index: int, parts: int) -> Iterator[Path]:
    """The files of this part. A file's name decides, so the parts never overlap, also while files are added."""
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_file() and zlib.crc32(name.encode()) % parts == index:
            yield path


class Client:
    """One connection, opened again when it breaks."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._connection = http.client.HTTPConnection(self._url.netloc, timeout=60)

    def score(self, picture: bytes) -> dict[str, object]:
        """The service's answer. A busy, starting or lost service is tried again, a bad picture is not."""
        for attempt in range(TRIES):
            pause = min(MAX_PAUSE, 0.5 * 2**attempt)
            try:
                self._connection.request("POST", self._url.path, picture)
                response = self._connection.getresponse()
                body = response.read()
                if response.status < 500:
                    return json.loads(body)  # type: ignore[no-any-return]
                pause = max(pause, float(response.getheader("Retry-After") or 0))
            except (OSError, http.client.HTTPException, ValueError):
                self._connection.close()
            time.sleep(pause)
        sys.exit(f"{self._url.geturl()} has not answered {TRIES} times.")


def main(url: str, pictures: Path, results: Path) -> None:
    index, parts = int(os.environ["JOB_COMPLETION_INDEX"]), int(os.environ["JOB_COMPLETIONS"])
    client, part = Client(url), results / f"part-{index}.jsonl"
    unfinished = part.with_suffix(".tmp")  # renamed when complete: a pod that starts again writes the part anew
    with unfinished.open("w") as lines:
        for path in list_pictures(pictures, index, parts):
            answer = client.score(path.read_bytes())
            lines.write(json.dumps({"picture": str(path.relative_to(pictures)), **answer}) + "\n")
    unfinished.rename(part)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
