"""Spans of a real service, as a collector gets them."""

import os
import socket
import time
from collections.abc import Iterator

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tests.integration.conftest import BuildModel, Serve, copy_models, run_service
from tests.support.collector import Collector, read_attributes
from tests.support.models import BAD_PIXEL
from tests.support.pictures import make_digit_png, make_png
from tests.support.server import Service

CALLER = "00f067aa0ba902b7"
ID = "X-Request-Id"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


@pytest.fixture(scope="module")
def traced(
    build_model: BuildModel, tmp_path_factory: pytest.TempPathFactory, collector: Collector
) -> Iterator[Service]:
    """A service that traces what its clients ask for, and nothing else."""
    folder = copy_models(build_model, tmp_path_factory.mktemp("models"), "tiny", "brittle")
    with run_service(folder, Service, workers=1, traces_url=collector.url, traces_share=0) as service:
        yield service


def make_traceparent(trace_id: str, flags: str = "01") -> dict[str, str]:
    return {"traceparent": f"00-{trace_id}-{CALLER}-{flags}"}


def new_trace_id() -> str:
    return os.urandom(16).hex()


def test_spans_are_the_tree_of_the_request_across_both_processes(traced: Service, collector: Collector) -> None:
    trace_id, before = new_trace_id(), time.time_ns()
    answer = traced.post("/predict/tiny", make_digit_png(), headers=make_traceparent(trace_id))
    spans, after = collector.wait_for(trace_id), time.time_ns()
    root = spans["POST /predict/<name>"]
    parents = {span.span_id: name for name, span in spans.items()}
    tree = {name: parents.get(span.parent_span_id) for name, span in spans.items() if span is not root}
    assert root.parent_span_id.hex() == CALLER
    assert tree == {"decode": root.name, "engine": root.name, "queue": "engine", "compute": "engine"}
    times = [before, root.start_time_unix_nano]
    for name in ("decode", "engine", "queue", "compute"):
        times.append(spans[name].start_time_unix_nano)
    times += [spans["compute"].end_time_unix_nano, spans["engine"].end_time_unix_nano, root.end_time_unix_nano, after]
    assert times == sorted(times)
    assert read_attributes(root.attributes) == {
        "http.request.method": "POST",
        "http.route": "/predict/<name>",
        "http.response.status_code": 200,
        "inkpaw.protocol": "predict",
        "inkpaw.model": "tiny",
        "inkpaw.version": "1",
        "inkpaw.request_id": answer.headers[ID],
    }
    assert read_attributes(spans["engine"].attributes) == {"inkpaw.rows": 1}
    assert collector.resources[0].items() >= {"service.name": "inkpaw"}.items()


def test_failure_of_the_engine_is_an_error_of_its_span(traced: Service, collector: Collector) -> None:
    trace_id = new_trace_id()
    assert traced.post("/predict/brittle", make_png(BAD_PIXEL), headers=make_traceparent(trace_id)).status_code == 500
    spans = collector.wait_for(trace_id)
    failed = {name: span for name, span in spans.items() if span.status.code == Status.STATUS_CODE_ERROR}
    assert set(failed) == {"POST /predict/<name>", "engine"}
    assert read_attributes(failed["engine"].attributes)["error.type"] == "internal"


def test_mistake_of_the_client_is_no_error_of_the_request(traced: Service, collector: Collector) -> None:
    trace_id = new_trace_id()
    assert traced.post("/predict/tiny", b"no image", headers=make_traceparent(trace_id)).status_code == 400
    spans = collector.wait_for(trace_id)
    assert spans["POST /predict/<name>"].status.code == Status.STATUS_CODE_UNSET
    assert read_attributes(spans["decode"].attributes)["error.type"] == "bad_image"


def test_request_off_the_fast_path_has_its_spans(traced: Service, collector: Collector) -> None:
    trace_id, rows = new_trace_id(), {"instances": [[[[0]] * 28] * 28] * 3}
    path = "/v1/models/tiny:predict"
    assert traced.post(path, json=rows, headers=make_traceparent(trace_id)).status_code == 200
    spans = collector.wait_for(trace_id)
    assert read_attributes(spans["engine"].attributes) == {"inkpaw.rows": 3}
    (root,) = [span for span in spans.values() if span.kind == Span.SPAN_KIND_SERVER]
    assert read_attributes(root.attributes)["inkpaw.protocol"] == "v1"


def test_only_chosen_requests_are_traced_and_nothing_that_they_send(traced: Service, collector: Collector) -> None:
    unsampled, last = new_trace_id(), new_trace_id()
    traced.post("/predict/tiny", make_digit_png())
    traced.post("/predict/tiny", make_digit_png(), headers=make_traceparent(unsampled, "00"))
    headers = {"Authorization": "hidden", "User-Agent": "hidden", "Cookie": "hidden", ID: "hidden!"}
    for path in ("/predict/hidden?hidden=1", "/hidden", "/livez?hidden"):
        traced.post(path, b"hidden", headers=headers | make_traceparent(new_trace_id()))
    traced.post("/predict/tiny?top=hidden", b"hidden", headers=headers | make_traceparent(last))
    collector.wait_for(last)
    assert not any(b"hidden" in body or bytes.fromhex(unsampled) in body for body in collector.received)
    assert all(span.parent_span_id for span in collector.spans)


def test_share_of_the_others_begins_traces_of_its_own_and_a_stop_loses_none(serve: Serve) -> None:
    with Collector() as collector:
        service = serve("tiny", workers=1, traces_url=collector.url, traces_share=1)
        for _ in range(10):
            assert service.post("/predict/tiny", make_digit_png()).status_code == 200
        assert service.stop() == 0
    roots = [span for span in collector.spans if not span.parent_span_id]
    assert len(roots) == len({span.trace_id for span in roots}) == 10


def test_collector_that_is_down_costs_no_request_and_one_line(serve: Serve) -> None:
    with socket.socket() as deaf:  # takes connections and never answers
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(1)
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/v1/traces"
        service = serve("tiny", workers=1, traces_url=url, traces_share=1)
        end, after = time.monotonic() + 30, 0
        while after < 50:  # requests after the exporter has given up for the first time
            assert time.monotonic() < end
            answer = service.post("/predict/tiny", make_digit_png())
            assert answer.status_code == 200 and answer.elapsed.total_seconds() < 2
            after += "Traces are lost" in service.log
        started = time.monotonic()
        assert service.stop() == 0
        assert time.monotonic() - started < 10
    lines = [line for line in service.log_lines if "Traces are lost" in line["message"]]
    assert len(lines) == 1 and lines[0]["level"] == "warning"
