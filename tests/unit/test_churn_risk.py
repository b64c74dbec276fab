"""Who may leave: two falls in a row, or a failed payment that is still due; with the figures that say why."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing.domain.churn_risk import CustomerAtRisk, MeterUse, customers_at_risk, failed_payment
from billing.domain.dunning_case import CaseCause, DunningCase
from billing.domain.dunning_policy import CaseState
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.recurring import RecurringLife
from tests.builders import utc
from tests.chasing import an_invoice, declined

AS_OF = utc("2026-03-01")
MONTHS = ("2025-12", "2026-01", "2026-02")


def a_life(subscription_id: str, customer_id: str, *, end: str | None = None) -> RecurringLife:
    return RecurringLife(
        subscription_id=subscription_id,
        customer_id=customer_id,
        begun=utc("2025-01-01"),
        end=None if end is None else utc(end),
        levels=(),
    )


def used(**quantities: tuple[int | str | None, int | str | None, int | str | None]) -> dict[str, list[MeterUse]]:
    """The calls of three months by subscription; None where nothing was used."""
    return {
        month: [
            MeterUse(subscription_id, "calls", Decimal(three[index] or 0))
            for subscription_id, three in quantities.items()
            if three[index] is not None
        ]
        for index, month in enumerate(MONTHS)
    }


def at_risk(*lives: RecurringLife, usage: dict[str, list[MeterUse]]) -> tuple[CustomerAtRisk, ...]:
    return customers_at_risk(lives, used=usage, invoices=[], as_of=AS_OF)


def a_case(**changes: Any) -> DunningCase:  # noqa: ANN401 - any field of the dataclass
    case = DunningCase(
        state=CaseState.RETRY_SCHEDULED,
        cause=CaseCause.PAYMENT_FAILED,
        started_on=date(2026, 3, 1),
        started_at=AS_OF,
        next_at=None,
    )
    return replace(case, **changes)


def test_the_source_document_s_customer_is_flagged_with_its_figures() -> None:
    (ada,) = at_risk(a_life("s1", "ada"), usage=used(s1=(100_000, 50_000, 20_000)))
    (decline,) = ada.declines
    assert (ada.customer_id, decline.meter, decline.months) == ("ada", "calls", MONTHS)
    assert [*map(int, decline.quantities)] == [100_000, 50_000, 20_000]
    assert decline.change == Decimal("-80.0")


@pytest.mark.parametrize(
    "three", [(100, 50, 50), (100, 100, 50), (50, 100, 20), (20, 50, 100), (None, 5, 4), (0, 0, 0), (None, None, None)]
)
def test_anything_but_two_falls_in_a_row_is_no_decline(three: tuple[int | None, int | None, int | None]) -> None:
    assert at_risk(a_life("s1", "ada"), usage=used(s1=three)) == ()


def test_the_last_fall_may_be_to_nothing() -> None:
    (ada,) = at_risk(a_life("s1", "ada"), usage=used(s1=("10.5", "0.5", None)))
    assert [*map(str, ada.declines[0].quantities)] == ["10.5", "0.5", "0"]


def test_a_customer_s_subscriptions_count_together() -> None:
    lives = a_life("s1", "ada"), a_life("s2", "ada")
    assert at_risk(*lives, usage=used(s1=(100, 50, 20), s2=(0, 50, 80))) == ()  # 100, 100, 100
    (ada,) = at_risk(*lives, usage=used(s1=(10, 5, 5), s2=(10, 10, 5)))  # 20, 15, 10
    assert [*map(int, ada.declines[0].quantities)] == [20, 15, 10]


def test_who_has_left_is_lost_already() -> None:
    assert at_risk(a_life("s1", "ada", end="2026-03-01"), usage=used(s1=(100, 50, 20))) == ()
    assert at_risk(usage=used(s1=(100, 50, 20))) == ()  # usage of a subscription that nobody knows


def test_an_unpaid_failure_says_since_when_and_why() -> None:
    invoice = replace(declined("expired_card", at="2026-03-01T04:00"), dunning=a_case())
    (found,) = customers_at_risk([], used=used(), invoices=[invoice], as_of=AS_OF)
    (failed,) = found.failures
    assert (found.customer_id, found.declines) == (invoice.customer_id, ())
    assert (failed.code, failed.tries, failed.failed_at) == ("expired_card", 1, utc("2026-03-01T04:00"))
    assert (failed.amount_due, failed.state) == (invoice.amount_due, "retry_scheduled")


def test_a_payment_that_the_bank_took_back_is_a_failure() -> None:
    failed = failed_payment(an_invoice(dunning=a_case(cause=CaseCause.REVERSED)))
    assert failed is not None
    assert (failed.code, failed.tries, failed.failed_at) == ("reversed", 0, AS_OF)


@pytest.mark.parametrize(
    "invoice",
    [
        an_invoice(),
        an_invoice(dunning=a_case(cause=CaseCause.OVERDUE)),
        declined("amount_too_small", dunning=a_case(cause=CaseCause.OVERDUE)),
        an_invoice(dunning=a_case(state=CaseState.WRITTEN_OFF)),
        an_invoice(dunning=a_case(), status=InvoiceStatus.PAID),
    ],
    ids=["without a case", "merely late", "late and never charged", "given up", "paid"],
)
def test_other_invoices_are_no_failure(invoice: Invoice) -> None:
    assert failed_payment(invoice) is None
    assert customers_at_risk([], used=used(), invoices=[invoice], as_of=AS_OF) == ()
