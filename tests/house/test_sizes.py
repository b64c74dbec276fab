"""What a reader can hold in mind at once: a function of 40 lines, a file of 300."""

import ast

from tests.house.source import modules

LONGEST_FUNCTION = 40
LONGEST_FILE = 300


def test_no_function_is_longer_than_forty_lines() -> None:
    too_long = [
        f"{module.at(node)} {node.name}: {length} lines"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    ]
    assert too_long == []


def test_no_file_is_longer_than_three_hundred_lines() -> None:
    lengths = {module.path: len(module.text.splitlines()) for module in modules()}
    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}
