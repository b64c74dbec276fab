"""Time is an argument: below the doors, which measure how long a call takes, one file alone reads a clock."""

import ast

from tests.house.source import modules

BELOW_THE_DOORS = ("domain", "ports", "store", "usecases", "render", "adapters")


def test_below_the_doors_nothing_imports_the_clocks_of_the_machine() -> None:
    """What `datetime` has of them is ruff's to refuse (pyproject.toml)."""
    found = [
        module.at(node)
        for module in modules(*BELOW_THE_DOORS)
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.ImportFrom) and node.module == "time")
        or (isinstance(node, ast.Import) and "time" in [each.name for each in node.names])
    ]
    assert found == []
