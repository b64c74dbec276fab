"""Run the benchmarks that are named, or all but the long ones: `python -m benchmarks [NAME ...]`."""

import subprocess
import sys

from benchmarks.machine import describe

NAMES = (
    "run",
    "firestore",
    "firestore_limits",
    "costs",
    "pdf",
    "e_invoices",
    "february",
    "usage",
    "imports",
    "load",
    "sandbox",
    "verify",
)
LONG = ("scale",)
"""Only where it is named: a quarter of an hour and 20 GB of disk."""


def main(names: list[str]) -> int:
    """Each benchmark in a process of its own, so that memory and imports are its own; the number that failed."""
    if unknown := [name for name in names if name not in NAMES + LONG]:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(NAMES + LONG)}", file=sys.stderr)
        return 2
    print(describe())
    failed = 0
    for name in names or NAMES:
        print(f"\n== {name}", flush=True)
        failed += subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
