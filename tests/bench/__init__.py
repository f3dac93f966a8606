"""Measures the service against the best that the same machine can do: `make bench`, and `make bench-peers`.

A benchmark (`single`, `overload`, `scaling` ...) takes a `Config` and returns `Results`: metrics, each with the target
for its median, and curves. `servers` starts what is measured. `closed_loop` (wrk) and `open_loop` send the load.
`background_load` waits until other processes are idle. `baseline_startup` and `baseline_throughput` are processes
without a service, for ratios. `report` prints the results, `results_file` saves them and `plot` draws
them.
"""
