"""One simulated pod of two cores: two workers and two runners share the cores, with the admission of the service."""

import heapq
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from service.web.server.admission import Admission
from tests.bench.autoscaling.service_times import ServiceTimes

CORES = 2
_MAX_IN_FLIGHT = 512
_SPREAD = 0.3  # standard deviation of a service time, over its mean
_SETTLE = 0.2  # share of the requests that are not counted


@dataclass
class Request:
    arrived: float
    worker: int
    at_engine: float = 0.0


@dataclass
class Rest:
    """What was seen of the pod, as means over time, and the latencies of what it answered."""

    seconds: float = 0.0
    busy_runners: float = 0.0
    queue_age: float = 0.0
    in_flight_share: float = 0.0
    busy_cores: float = 0.0
    arrived: int = 0
    rejected: int = 0
    latencies: list[float] = field(default_factory=list)


class Pod:
    """A task, of a worker or of a runner, takes a core when one is free, in the order of time, and keeps it."""

    def __init__(self, times: ServiceTimes, generator: np.random.Generator) -> None:
        self._times, self._generator = times, generator
        self._now = 0.0
        self._admissions = [Admission(_MAX_IN_FLIGHT, lambda: self._now) for _ in range(CORES)]
        self._waiting: list[deque[Request]] = [deque() for _ in range(CORES)]  # for each worker
        self._working = [False] * CORES
        self._queue: deque[Request] = deque()  # at the engine
        self._free_runners = self._free_cores = CORES
        self._tasks: deque[list[Request] | Request] = deque()  # a batch, or a worker's request
        self._ends: list[tuple[float, int, list[Request] | Request]] = []
        self._started = 0
        self._rest = Rest()

    def run(self, rate: float, requests: int) -> Rest:
        """`requests` come at random moments, `rate` per second."""
        arrivals = np.cumsum(self._generator.exponential(1 / rate, requests))
        for number, arrival in enumerate(arrivals):
            while self._ends and self._ends[0][0] <= arrival:
                end, _, task = heapq.heappop(self._ends)
                self._move_to(end)
                self._end(task)
            self._move_to(float(arrival))
            if number == int(_SETTLE * requests):
                self._rest = Rest()
            self._arrive(Request(float(arrival), number % CORES))
        return self._rest

    def _move_to(self, now: float) -> None:
        rest, passed = self._rest, now - self._now
        rest.seconds += passed
        rest.busy_runners += passed * (CORES - self._free_runners)
        rest.busy_cores += passed * (CORES - self._free_cores)
        if self._queue:
            rest.queue_age += passed * (self._now + passed / 2 - self._queue[0].at_engine)
        share = sum(a.in_flight for a in self._admissions) / sum(a.limit for a in self._admissions)
        rest.in_flight_share += passed * share
        self._now = now

    def _arrive(self, request: Request) -> None:
        self._rest.arrived += 1
        admission = self._admissions[request.worker]
        if admission.full:
            self._rest.rejected += 1
            return
        admission.enter()
        self._waiting[request.worker].append(request)
        self._go_on()

    def _end(self, task: list[Request] | Request) -> None:
        self._free_cores += 1
        if isinstance(task, Request):
            self._working[task.worker] = False
            task.at_engine = self._now
            self._queue.append(task)
        else:
            self._free_runners += 1
            for request in task:
                self._admissions[request.worker].leave()
                self._rest.latencies.append(self._now - request.arrived)
        self._go_on()

    def _go_on(self) -> None:
        while self._free_runners and self._queue:
            rows = min(len(self._queue), self._times.largest_batch)
            self._tasks.append([self._queue.popleft() for _ in range(rows)])
            self._free_runners -= 1
        for worker, waiting in enumerate(self._waiting):
            if waiting and not self._working[worker]:
                self._working[worker] = True
                self._tasks.append(waiting.popleft())
        while self._free_cores and self._tasks:
            self._start(self._tasks.popleft())

    def _start(self, task: list[Request] | Request) -> None:
        self._free_cores -= 1
        self._started += 1
        mean = self._times.worker if isinstance(task, Request) else self._times.get_batch_seconds(len(task))
        shape = 1 / _SPREAD**2
        end = self._now + float(self._generator.gamma(shape, mean / shape))
        heapq.heappush(self._ends, (end, self._started, task))
