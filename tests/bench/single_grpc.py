"""One digit per request as a raw tensor: the Open Inference Protocol over gRPC, beside the same over REST.

The clients differ: wrk for REST, Python for gRPC, which takes more of the same cores. The CPU of the process that
answers tells what the protocol itself costs.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from service.web.api.open_inference.rpc.inference_pb2 import ModelInferRequest
from service.web.api.open_inference.rpc.routes import SERVICE
from tests.bench import payloads, servers
from tests.bench.background_load import run_undisturbed
from tests.bench.closed_loop import ClosedLoopResult, check_answers, run_closed_loop
from tests.bench.config import ROOT, Config
from tests.bench.report import Results, Series
from tests.bench.usage import read_cpu_seconds
from tests.support.tcp import find_free_port

_WARM_UP = 2.0  # seconds


def measure(config: Config) -> Results:
    series = Series()
    port = find_free_port()
    digit = payloads.draw_digit()[None, ..., None]
    rest = payloads.make_tensor_request("digits", digit)
    with (
        tempfile.TemporaryDirectory() as folder,
        servers.start_service(config.small_net_models, 1, grpc_port=str(port)) as service,
    ):
        path = Path(folder) / "request"
        message = ModelInferRequest(model_name="digits", raw_input_contents=[digit.tobytes()])
        message.inputs.add(name="images", datatype="UINT8", shape=digit.shape)
        path.write_bytes(message.SerializeToString())
        protocols: dict[str, tuple[list[int], Callable[[int, float], ClosedLoopResult]]] = {
            "REST": (service.workers, lambda count, seconds: run_closed_loop(service.url, rest, count, seconds)),
            "gRPC": (service.grpc, lambda count, seconds: _run_grpc(port, path, count, seconds)),
        }
        for _, run in protocols.values():
            run(16, _WARM_UP)
        for _ in range(config.rounds):
            figures = {}
            for name, (pids, run) in protocols.items():
                for count in (1, 32):
                    result, cpu = run_undisturbed(lambda: _measure_cpu(pids, lambda: run(count, config.seconds)))  # noqa: B023
                    check_answers(result)
                    title = f"{name}, {count} connection{'s' * (count > 1)}"
                    figures[f"requests/s, {title}"] = result.rate
                    figures[f"p50, {title}, ms"] = result.p50 * 1000
                    figures[f"CPU of the process per request, {title}, ms"] = cpu / result.answered * 1000
            series.add_round(figures)
    return Results(series.to_metrics("digit as a tensor"))


def _measure_cpu(pids: list[int], run: Callable[[], ClosedLoopResult]) -> tuple[ClosedLoopResult, float]:
    before = read_cpu_seconds(pids)
    return run(), read_cpu_seconds(pids) - before


def _run_grpc(port: int, path: Path, connections: int, seconds: float) -> ClosedLoopResult:
    """Raises RuntimeError if a call fails."""
    arguments = [f"{servers.HOST}:{port}", f"/{SERVICE}/ModelInfer", str(path), str(connections), str(seconds)]
    command = [sys.executable, "-m", "tests.bench.grpc_client", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"a call failed: {done.stderr[-300:]}")
    return ClosedLoopResult(**json.loads(done.stdout))
