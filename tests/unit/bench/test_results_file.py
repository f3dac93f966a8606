"""The file with the results of the benchmarks."""

from pathlib import Path

from tests.bench.report import Curve, Metric, Results
from tests.bench.results_file import load_results, save_results


def test_new_results_replace_only_those_of_the_same_benchmark(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    curve = Curve("growth", "connections", {1: {"rate": 5.0, "p99_ms": 1.0}})
    save_results("one", Results([Metric("old", [1.0])]), file)
    save_results("other", Results(curves=[curve]), file)
    save_results("one", Results([Metric("new", [2.0], maximum=3)]), file)
    results = load_results(file)
    assert results.metrics == [Metric("new", [2.0], maximum=3)]
    assert results.curves == [curve]
