"""Measuring the service beside what it could be at best, in one quiet run: `make bench`, and `make bench-peers`.

A measure (`single`, `bulk`, `overload`, `growth` ...) takes a Run and gives what it Found: Lines, each with a bar that
its median is held against, and Curves. `servers` starts what is measured; `load` is the closed loop (wrk), `arrivals`
with `openloop` the open one; `calm` sees to it that nobody else works meanwhile; `plain` and `bare` are processes
without a service, which ratios are taken of; `report` prints and keeps, `plot` draws.
"""
