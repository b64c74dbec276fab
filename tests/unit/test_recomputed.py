"""A stored document beside the one computed again: what differs is named as a reader of the invoice would name it."""

from dataclasses import replace
from decimal import Decimal

from billing.domain.catalog import Billed
from billing.domain.invoice import Invoice, LineKind
from billing.domain.invoicing import CreditDraft, Draft, Skip, SkipReason
from billing.domain.period import Period
from billing.domain.recomputed import differing
from billing.domain.tax import TaxTable
from tests.builders import API_CALLS, Account, a_fee, a_plan, a_rate, utc

PLAN = a_plan(metered=[API_CALLS], fees=[a_fee("99.00")], anchor_day=1)
AHEAD = a_plan(fees=[a_fee("31.00")], anchor_day=1, billed=Billed.IN_ADVANCE)
FEBRUARY = "2026-02-01T00:00:00+00:00 to 2026-03-01T00:00:00+00:00"
MARCH = "2026-03-01T00:00:00+00:00 to 2026-04-01T00:00:00+00:00"


def drafted() -> Draft:
    """February, 20,000 calls: 10,000 free, 10,000 at 0.001, a fee of 99.00, 19 % VAT."""
    account = Account.opened(PLAN, start="2026-02-01", taxes=TaxTable(rates=(a_rate("19"),)))
    outcome, _ = account.using("calls", {"2026-02-01": "20000"}).next_bill()
    assert isinstance(outcome, Draft)
    return outcome


def said(stored: Invoice, outcome: Draft | CreditDraft | Skip) -> list[str]:
    return [str(each) for each in differing(stored, outcome)]


def changed(draft: Draft, index: int, **changes: object) -> Draft:
    lines = list(draft.invoice.lines)
    lines[index] = replace(lines[index], **changes)  # type: ignore[arg-type]
    return replace(draft, invoice=replace(draft.invoice, lines=tuple(lines)))


def test_the_same_invoice_differs_in_nothing() -> None:
    draft = drafted()
    assert said(draft.invoice, draft) == []


def test_every_part_of_a_line_that_a_reader_sees_is_named() -> None:
    draft = drafted()
    other = changed(
        draft, 1, description="Calls", quantity=Decimal(9), unit_price=Decimal("0.002"), amount=2, tax_inclusive=True
    )
    assert said(draft.invoice, other) == [
        "line 'API calls - Standard tier': description is API calls - Standard tier, expected Calls",
        "line 'API calls - Standard tier': quantity is 10,000, expected 9",
        "line 'API calls - Standard tier': unit price is 0.001, expected 0.002",
        "line 'API calls - Standard tier': amount is 10.00, expected 0.02",
        "line 'API calls - Standard tier': tax is S 19%, expected S 19% included",
    ]


def test_where_nothing_that_a_reader_sees_differs_the_evidence_is_named() -> None:
    draft = drafted()
    line = draft.invoice.lines[0]
    step = replace(line.explanation.step, usage=Decimal(20_001))  # type: ignore[arg-type]
    other = changed(draft, 0, kind=LineKind.ONE_TIME, explanation=replace(line.explanation, step=step))
    assert said(draft.invoice, other) == [
        "line 'API calls - Free tier': usage is 20,000, expected 20,001",
        "line 'API calls - Free tier': kind is usage, expected one_time",
    ]


def test_a_line_more_or_less_is_named_with_its_figures() -> None:
    draft = drafted()
    fewer = replace(draft, invoice=replace(draft.invoice, lines=draft.invoice.lines[:2]))
    assert said(draft.invoice, fewer) == ["line 'Base (monthly)' is 1 × 99.00 = 99.00, expected missing"]
    assert said(fewer.invoice, draft) == ["line 'Base (monthly)' is missing, expected 1 × 99.00 = 99.00"]


def test_id_dates_period_taxes_and_sums_are_named() -> None:
    draft = drafted()
    stored = replace(
        draft.invoice,
        id="sub-1.other.r0",
        bill_for_date=utc("2026-04-01"),
        period=Period(utc("2026-03-01"), utc("2026-04-01")),
        tax_lines=(),
        subtotal=1,
        tax=2,
        total=3,
    )
    # 10.00 + 99.00 = 109.00; 19 % of it = 20.71
    assert said(stored, draft) == [
        "id is sub-1.other.r0, expected sub-1.20260201T000000Z.r0",
        "bill-for date is 2026-04-01T00:00:00+00:00, expected 2026-03-01T00:00:00+00:00",
        f"period is {MARCH}, expected {FEBRUARY}",
        "tax row is missing, expected VAT 19% (DE) on 109.00: 20.71",
        "subtotal is 0.01, expected 109.00",
        "tax is 0.02, expected 20.71",
        "total is 0.03, expected 129.71",
    ]


def test_another_kind_of_document_or_none_is_named() -> None:
    draft = drafted()
    ended, _ = Account.opened(AHEAD, start="2026-01-01").billed().ending("2026-01-11").next_bill()
    assert isinstance(ended, CreditDraft)
    skip = Skip(reason=SkipReason.NOTHING_TO_BILL, cycle=draft.cycle, subscription=draft.subscription)
    assert said(draft.invoice, ended) == ["document is an invoice, expected a credit note"]
    assert said(draft.invoice, skip) == ["document is an invoice, expected none: nothing_to_bill"]
    assert [str(each) for each in differing(ended.credit_note, draft)] == [
        "document is a credit note, expected an invoice"
    ]
    assert [str(each) for each in differing(ended.credit_note, ended)] == []
