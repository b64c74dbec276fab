"""What a figure was measured on, and how a measurement is made."""

import gc
import os
import platform
import resource
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Timing(Generic[T]):
    """What an action returned, and the wall-clock and CPU seconds of this process that it took."""

    result: T
    wall: float
    cpu: float


def timed(action: Callable[[], T]) -> Timing[T]:
    """Do it once and say how long it took."""
    gc.collect()
    wall, cpu = perf_counter(), process_time()
    result = action()
    return Timing(result=result, wall=perf_counter() - wall, cpu=process_time() - cpu)


def peak_memory() -> int:
    """The most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def describe() -> str:
    """The machine in a line; the load tells whether it was free."""
    load = os.getloadavg()[0]
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, load {load:.1f}"
