"""The rules of `billing.domain` that ruff has no rule for."""

import ast
import sys
from collections.abc import Iterator

import pytest

from tests.house.source import Module, modules


@pytest.mark.parametrize(
    "source",
    ["x: float = 1", "x = 0.5", "x = a / b", "x /= 2", "def f(x: 'float') -> int: ...", "x = isinstance(y, float)"],
)
def test_each_kind_of_inexact_number_is_found(source: str) -> None:
    assert list(_inexact(ast.parse(source)))


def test_no_binary_float_and_no_true_division_in_the_domain() -> None:
    assert [module.at(node) for module in modules("domain") for node in _inexact(module.tree)] == []


def test_the_domain_imports_the_standard_library_and_itself_only() -> None:
    foreign = [
        f"{module.at(node)} imports {name}"
        for module in modules("domain")
        for node, name in _imports(module.tree)
        if name.split(".")[0] not in sys.stdlib_module_names and not f"{name}.".startswith("billing.domain.")
    ]
    assert foreign == []


@pytest.mark.parametrize(
    "source",
    [
        "def f(x: dict[str, Any]) -> int: ...",
        "def f(*, x: Mapping[str, Any] | None = None) -> int: ...",
        "def f() -> list[dict[str, Any]]: ...",
        "class C:\n    def f(self) -> dict[str, Any]: ...",
        "class C:\n    x: dict[str, Any]",
    ],
)
def test_each_shapeless_signature_is_found(source: str) -> None:
    module = Module(path="example.py", text=source, tree=ast.parse(source))
    assert len(list(_shapeless_signatures(module))) == 1


def test_private_functions_may_pass_parsed_json_around() -> None:
    source = "def _f(x: dict[str, Any]) -> int: ..."
    assert list(_shapeless_signatures(Module(path="example.py", text=source, tree=ast.parse(source)))) == []


def test_no_public_signature_of_domain_or_use_cases_takes_or_gives_a_shapeless_dict() -> None:
    found = [place for module in modules("domain", "usecases") for place in _shapeless_signatures(module)]
    assert found == []


def _inexact(tree: ast.AST) -> Iterator[ast.stmt | ast.expr]:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id="float") | ast.Constant(value=float()) | ast.Constant(value="float"):
                yield node
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                yield node
            case _:
                pass


def _imports(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node, alias.name) for alias in names)
            case ast.ImportFrom(module=name, level=level):
                yield node, "." * level + (name or "")
            case _:
                pass


def _shapeless_signatures(module: Module) -> Iterator[str]:
    for owner in _public_bodies(module.tree):
        for node in owner.body:
            for annotation in _annotations(node):
                if _is_shapeless(annotation):
                    yield f"{module.at(node)} {ast.unparse(annotation)}"


def _public_bodies(tree: ast.Module) -> Iterator[ast.Module | ast.ClassDef]:
    yield tree
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node


def _annotations(node: ast.stmt) -> Iterator[ast.expr]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if (
            not name.startswith("_") or name == "__init__"
        ):
            arguments = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
            arguments += [extra for extra in (node.args.vararg, node.args.kwarg) if extra]
            yield from (argument.annotation for argument in arguments if argument.annotation)
            yield from [node.returns] if node.returns else []
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation) if not name.startswith("_"):
            yield annotation
        case _:
            pass


def _is_shapeless(annotation: ast.expr) -> bool:
    return any(
        isinstance(node, ast.Subscript)
        and ast.unparse(node.value).split(".")[-1] in {"dict", "Dict", "Mapping", "MutableMapping"}
        and ast.unparse(node.slice).rstrip(")").endswith(("Any", "object"))
        for node in ast.walk(annotation)
    )
