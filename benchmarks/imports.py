"""Import time of each door: the best of several fresh processes, what a cold start adds to the runtime itself."""

import subprocess
import sys
from pathlib import Path
from time import perf_counter

ROUNDS = 5
DOORS = sorted(Path("functions").glob("*/main.py"))


def seconds(code: str) -> float:
    """The best wall time of a fresh interpreter that runs the code."""
    times = []
    for _ in range(ROUNDS):
        start = perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        times.append(perf_counter() - start)
    return min(times)


def main() -> None:
    """Print each door's import time without the interpreter's own start."""
    empty = seconds("pass")
    for door in DOORS:
        code = f"import runpy; runpy.run_path({str(door)!r})"
        print(f"{door.parent.name}: {(seconds(code) - empty) * 1000:,.0f} ms")


if __name__ == "__main__":
    main()
