"""An invoice explained: what each line rests on, every multiplication, the one rounding, and whether it comes out.

Everything is told from the document itself: each line keeps its price version and its step of arithmetic, and the taxes
follow from the lines. So anybody who holds the invoice can check it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from billing.domain.calculation import Calculation
from billing.domain.credit import CreditNote
from billing.domain.document_check import (
    Difference,
    differing_lines,
    differing_sums,
    replayed_amount,
    rounding_of,
    tax_row,
)
from billing.domain.explained_step import explain_step
from billing.domain.figures import amount
from billing.domain.invoice import Invoice, LineItem
from billing.domain.money import Rounding
from billing.domain.period import local_date
from billing.domain.replayed_taxes import replay_taxes

_MOST_TERMS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedLine:
    """One line: `plan` is the price version; `replayed` is what the arithmetic comes to, `amount` what the line says.

    Both are minor units.
    """

    id: str
    description: str
    plan: str
    facts: tuple[str, ...]
    calculations: tuple[Calculation, ...]
    conclusion: str
    replayed: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedTax:
    """One row of the tax breakdown, in words, with what it is computed from (nothing where that can't be told)."""

    row: str
    calculations: tuple[Calculation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A whole document. `sums` are its additions as text; `differences` is everything that does not come out."""

    id: str
    number: str
    currency: str
    rounding: Rounding
    lines: tuple[ExplainedLine, ...]
    taxes: tuple[ExplainedTax, ...]
    sums: tuple[str, ...]
    differences: tuple[Difference, ...]


def explain(document: Invoice | CreditNote) -> Explained:
    """Explain an invoice or credit note in English, and replay each of its steps (semantics 7)."""
    return Explained(
        id=document.id,
        number=document.number,
        currency=document.currency,
        rounding=rounding_of(document),
        lines=tuple(_line(each, document) for each in document.lines),
        taxes=tuple(_taxes(document)),
        sums=tuple(_sums(document)),
        differences=(*differing_lines(document), *differing_sums(document)),
    )


def _line(line: LineItem, document: Invoice | CreditNote) -> ExplainedLine:
    step = explain_step(line.explanation.step, document.currency, rounding=rounding_of(document))
    turned = ("On a credit note every sign is turned.",) if isinstance(document, CreditNote) else ()
    return ExplainedLine(
        id=line.id,
        description=line.description,
        plan=line.explanation.plan,
        facts=(_stretch(line, document.zone), *step.facts, *turned),
        calculations=step.calculations,
        conclusion=step.conclusion,
        replayed=replayed_amount(line, document),
        amount=line.amount,
    )


def _stretch(line: LineItem, zone: str) -> str:
    first, end = local_date(line.period.start, zone), local_date(line.period.end, zone)
    return f"From {first} to {end}, the end not included, in {zone}."


def _taxes(document: Invoice | CreditNote) -> list[ExplainedTax]:
    replayed = replay_taxes(document, rounding=rounding_of(document))
    return [
        ExplainedTax(
            row=tax_row(row, document.currency),
            calculations=replayed.calculations(row) if replayed and row in replayed.rows else (),
        )
        for row in document.tax_lines
    ]


def _sums(document: Invoice | CreditNote) -> list[str]:
    lines = [line.amount for line in document.lines]
    contained = sum(lines) - document.subtotal
    less = f", less {_money([contained], document)} of tax contained" if contained else ""
    return [
        f"Subtotal: {_addition(lines, document.subtotal, document, less=less)}",
        f"Tax: {_addition([row.tax for row in document.tax_lines], document.tax, document)}",
        f"Total: {_addition([document.subtotal, document.tax], document.total, document)}",
    ]


def _addition(amounts: Sequence[int], total: int, document: Invoice | CreditNote, *, less: str = "") -> str:
    """What adds up to a total, which alone needs no addition: 90.00 + 73.95 - 1.05 = 162.90."""
    said = amount(total, document.currency)
    return said if list(amounts) == [total] else f"{_money(amounts, document)}{less} = {said}"


def _money(amounts: Sequence[int], document: Invoice | CreditNote) -> str:
    """Amounts as an addition; of many only how many there are."""
    if len(amounts) > _MOST_TERMS:
        return f"{len(amounts)} amounts"
    first, *rest = [amount(each, document.currency) for each in amounts] or [amount(0, document.currency)]
    return first + "".join(f" - {each[1:]}" if each.startswith("-") else f" + {each}" for each in rest)
