"""Importing any part of the package connects to nothing, and importing its root costs next to nothing."""

import subprocess
import sys

import pytest

from tests.house.source import ROOT, modules

REFUSE_SOCKETS = """
import importlib, sys
def refuse(event, args):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.bind", "subprocess.Popen", "sqlite3.connect"}:
        raise RuntimeError(f"import of {NAME} caused {event} {args}")
NAME = sys.argv[1]
sys.addaudithook(refuse)
importlib.import_module(NAME)
print(*sys.modules)
"""
HEAVY = {
    "fastapi",
    "flask",
    "functions_framework",
    "google.api_core",
    "google.auth",
    "grpc",
    "pydantic",
    "reportlab",
    "requests",
    "stripe",
}
ELSEWHERE = {"PIL", "rich", "uharfbuzz"}
"""What draws documents, and what the command line prints with."""

START = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("door", sys.argv[1])
spec.loader.exec_module(importlib.util.module_from_spec(spec))
print(*sys.modules)
"""
LAYERS = sorted({module.path.removeprefix("shared/billing/").split("/")[0].removesuffix(".py") for module in modules()})


@pytest.mark.parametrize("layer", [layer for layer in LAYERS if layer != "__init__"])
def test_importing_a_layer_connects_to_nothing(layer: str) -> None:
    names = [
        module.path.removeprefix("shared/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for module in modules(layer)
    ]
    everything = f"{REFUSE_SOCKETS}\nfor NAME in {names!r}: importlib.import_module(NAME)"
    assert _python(everything, f"billing.{layer}").returncode == 0


def test_importing_the_root_loads_no_heavy_library() -> None:
    run = _python(REFUSE_SOCKETS, "billing")
    assert run.returncode == 0
    assert HEAVY.isdisjoint(run.stdout.split())


def test_importing_the_whole_domain_loads_no_heavy_library() -> None:
    names = [module.path.removeprefix("shared/").removesuffix(".py").replace("/", ".") for module in modules("domain")]
    imports = "\n".join(f"import {name.removesuffix('.__init__')}" for name in names)
    run = _python(f"{imports}\n{REFUSE_SOCKETS}", "billing.domain")
    assert run.returncode == 0
    assert HEAVY.isdisjoint(run.stdout.split())


@pytest.mark.parametrize(
    ("door", "needs"),
    [
        ("generate_invoices", {"flask", "functions_framework"}),
        ("run_dunning", {"flask", "functions_framework"}),
        ("api_proxy", {"fastapi", "flask", "functions_framework", "pydantic"}),
    ],
)
def test_a_function_starts_without_the_libraries_that_only_some_of_its_calls_need(door: str, needs: set[str]) -> None:
    """A customer waits for a cold start; Stripe, Google's clients and what draws are loaded by whoever needs them."""
    run = _python(START, f"functions/{door}/main.py")
    assert run.returncode == 0
    assert (HEAVY | ELSEWHERE) & {*run.stdout.split()} == needs


def _python(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    run = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    sys.stderr.write(run.stderr)
    return run
