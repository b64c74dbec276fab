"""What a figure was measured on, and how a measurement is made."""

import gc
import os
import platform
import resource
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, process_time


@dataclass(frozen=True, slots=True)
class Timing:
    """Wall-clock and CPU seconds of this process."""

    wall: float
    cpu: float


def timed(action: Callable[[], object]) -> Timing:
    """Do it once and say how long it took."""
    gc.collect()
    wall, cpu = perf_counter(), process_time()
    action()
    return Timing(wall=perf_counter() - wall, cpu=process_time() - cpu)


def peak_memory() -> int:
    """The most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def describe() -> str:
    """The machine in a line; the load tells whether it was free."""
    load = os.getloadavg()[0]
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, load {load:.1f}"
