"""`billing invoices explain`: every figure of an invoice, from its price and usage to the total."""

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from billing.cli.directory import open_directory, the_tenant
from billing.cli.errors import DONE, HAD_FAILURES
from billing.cli.screen import Json, answers, columns, write_json
from billing.domain.calculation import Calculation
from billing.domain.explained import Explained, ExplainedLine
from billing.domain.figures import amount
from billing.domain.money import Money
from billing.usecases.explain_invoice import explain_invoice

_INDENT = 4


def show_explained(id_or_number: str, *, tenant_id: str | None, directory: Path, as_json: bool) -> int:
    """Print the explanation; the exit code, 1 where the invoice does not come out."""
    engine = open_directory(directory)
    tenant = the_tenant(engine, tenant_id)
    explained = explain_invoice(engine.documents, id_or_number, tenant_id=tenant.id)
    if as_json:
        write_json(_json(explained))
    else:
        _print(explained, console=answers())
    return HAD_FAILURES if explained.differences else DONE


def _print(explained: Explained, *, console: Console) -> None:
    console.print(f"[bold]{explained.number or explained.id}[/]  in {explained.currency}, explained from the document")
    for number, line in enumerate(explained.lines, start=1):
        console.print()
        heading = columns("bold", "bold", right=(1,))
        heading.add_row(Text(f"{number:>2}  {line.description}"), amount(line.amount, explained.currency))
        console.print(heading)
        for text in _sentences(line):
            _indented(text, console=console)
    console.print()
    for tax in explained.taxes:
        console.print(Text(f"Tax: {tax.row}"))
        for calculation in tax.calculations:
            _indented(_sentence(calculation), console=console)
    for each in explained.sums:
        console.print(Text(each))
    console.print()
    _print_verdict(explained, console=console)


def _sentences(line: ExplainedLine) -> Iterator[str]:
    yield f"Price {line.plan}. {line.facts[0]}"
    yield from line.facts[1:]
    yield from map(_sentence, line.calculations)
    if line.conclusion:
        yield line.conclusion


def _sentence(calculation: Calculation) -> str:
    same = calculation.text == calculation.exact
    return calculation.text * same or f"{calculation.text} = {calculation.exact}" + (
        f", {calculation.rounding}" if calculation.rounding else ""
    )


def _indented(text: str, *, console: Console) -> None:
    console.print(Padding(Text(text), (0, 0, 0, _INDENT), expand=False))


def _print_verdict(explained: Explained, *, console: Console) -> None:
    if not explained.differences:
        console.print("Replayed: every line, every tax and every sum comes out.", style="green")
        return
    console.print("DOES NOT COME OUT:", style="bold red")
    for each in explained.differences:
        console.print(Text(f"  {each}"), style="red")


def _json(explained: Explained) -> Json:
    def money(minor: int) -> str:
        return str(Money(minor, explained.currency).amount)

    def calculations(each: tuple[Calculation, ...]) -> list[Json]:
        return [
            {"text": one.text, "exact": one.exact, "amount": money(one.amount), "rounding": one.rounding}
            for one in each
        ]

    return {
        "id": explained.id,
        "number": explained.number,
        "currency": explained.currency,
        "rounding": explained.rounding.value,
        "lines": [
            {
                "id": line.id,
                "description": line.description,
                "plan": line.plan,
                "facts": list(line.facts),
                "calculations": calculations(line.calculations),
                "conclusion": line.conclusion,
                "amount": money(line.amount),
                "replayed": money(line.replayed),
            }
            for line in explained.lines
        ],
        "taxes": [{"row": each.row, "calculations": calculations(each.calculations)} for each in explained.taxes],
        "sums": list(explained.sums),
        "differences": [
            {"field": each.field, "stored": each.stored, "expected": each.expected} for each in explained.differences
        ],
        "comes_out": not explained.differences,
    }
