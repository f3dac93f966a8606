"""Parsing the output of wrk."""

import pytest

from tests.bench.closed_loop import parse_wrk_output

OUTPUT = """Running 1s test @ http://127.0.0.1:36005
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     4.83ms    6.67ms  87.22ms   94.50%
    Req/Sec     4.26k     1.24k    5.76k    90.99%
  Latency Distribution
     50%    3.03ms
     75%    4.45ms
     90%    8.42ms
     99%    1.15s
  4237 requests in 1.00s, 678.58KB read
"""
RATES = "Requests/sec:   4234.88\nTransfer/sec:    678.24KB\n"


def test_rates_and_percentiles_are_read_from_their_own_lines() -> None:
    result = parse_wrk_output(OUTPUT + RATES)
    assert (result.rate, result.answered, result.failed) == (4234.88, 4237, 0)
    assert (result.p50, result.p99) == pytest.approx((0.00303, 1.15))


def test_bad_answers_and_broken_connections_count_as_failed() -> None:
    errors = "  Socket errors: connect 1, read 2, write 3, timeout 4\n  Non-2xx or 3xx responses: 25\n"
    assert parse_wrk_output(OUTPUT + errors + RATES).failed == 35
