"""The client process of a closed loop over gRPC: each connection sends its next call when its last one is answered.

`python -m tests.bench.grpc_client ADDRESS METHOD REQUEST CONNECTIONS SECONDS` sends the bytes of the file REQUEST. It
prints one line of JSON: rate, p50, p99 in seconds, and answered. A call that fails ends it.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

import grpc
import numpy as np

_OWN_CONNECTION = [("grpc.use_local_subchannel_pool", 1)]


async def run(address: str, method: str, request: bytes, connections: int, seconds: float) -> dict[str, float]:
    latencies: list[float] = []
    channels = [grpc.aio.insecure_channel(address, options=_OWN_CONNECTION) for _ in range(connections)]
    await asyncio.gather(*(channel.channel_ready() for channel in channels))
    start = time.perf_counter()

    async def send(channel: grpc.aio.Channel) -> None:
        call = channel.unary_unary(method)
        while (began := time.perf_counter()) - start < seconds:
            await call(request)
            latencies.append(time.perf_counter() - began)

    await asyncio.gather(*map(send, channels))
    rate = len(latencies) / (time.perf_counter() - start)
    p50, p99 = np.percentile(latencies, [50, 99])
    return {"rate": rate, "p50": float(p50), "p99": float(p99), "answered": len(latencies), "failed": 0}


if __name__ == "__main__":
    address, method, path, connections, seconds = sys.argv[1:]
    print(json.dumps(asyncio.run(run(address, method, Path(path).read_bytes(), int(connections), float(seconds)))))
