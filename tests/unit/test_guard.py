"""The guard: more than so many times the mean of the last three, or less than that part of it, and a floor away."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from billing.domain.errors import InvalidInput
from billing.domain.guard import deviation, with_latest, without
from billing.domain.review import Hold, ReviewKind, why_held
from billing.domain.tax import TaxParty
from billing.domain.tenant import Guard, UnconfirmedVatId
from tests.builders import Account, a_fee, a_party, a_plan, a_tenant

THRICE = Guard(factor=Decimal(3), floor=1000)
HOLD = UnconfirmedVatId.HOLD
HERE = TaxParty(country="DE")
UNCONFIRMED = TaxParty(country="FR", postal_code="75001", vat_id="FR40303265045")
INVOICE = Account.opened(a_plan(fees=[a_fee("49.00")], anchor_day=1), start="2026-02-01").bill()


@pytest.mark.parametrize(
    ("subtotal", "recent"),
    [
        (6000, (2000, 2000, 2000)),  # exactly three times
        (1000, (3000, 3000, 3000)),  # exactly a third
        (2000, (2000,)),
        (2999, (2000, 1000, 0)),  # mean 1000, and 2999 is below three times that
        (1001, (2, 2, 2)),  # 500 times the mean, and 9.99 away from it
        (0, (999, 999, 999)),  # nothing at all, and 9.99 away
        (500_000, ()),  # nothing to compare with
        (6001, (9, 2000, 2000, 4000)),  # only the last three count: their mean is 26.66
    ],
)
def test_what_is_as_usual_passes(subtotal: int, recent: tuple[int, ...]) -> None:
    assert deviation(subtotal, recent=recent, guard=THRICE) is None


@pytest.mark.parametrize(
    ("subtotal", "recent", "mean"),
    [
        (6001, (2000, 2000, 2000), 2000),
        (999, (3000, 3000, 3000), 3000),
        (3001, (2000, 1000, 0), 1000),
        (1000, (0, 0, 0), 0),
        (0, (1000,), 1000),
        (10_000, (1000, 2000), 1500),
        (20_000, (1000, 1000, 1001), 1000),  # 1000.33
        (20_000, (1000, 1001), 1001),  # 1000.5, half up
    ],
)
def test_what_deviates_is_told_with_its_mean(subtotal: int, recent: tuple[int, ...], mean: int) -> None:
    found = deviation(subtotal, recent=recent, guard=THRICE)
    assert found is not None
    assert (found.subtotal, found.recent, found.mean) == (subtotal, recent, mean)


def test_the_comparison_is_exact_where_the_mean_is_not_a_whole_number() -> None:
    """The mean of 1.00, 1.00 and 1.01 is 1.00333...; three times that is 3.01 and not more."""
    always = Guard(factor=Decimal(3))
    assert deviation(301, recent=(100, 100, 101), guard=always) is None
    assert deviation(302, recent=(100, 100, 101), guard=always) is not None
    assert deviation(110, recent=(100,), guard=Guard(factor=Decimal("1.1"))) is None
    assert deviation(111, recent=(100,), guard=Guard(factor=Decimal("1.1"))) is not None


@pytest.mark.parametrize(
    ("subtotal", "recent", "reason"),
    [
        (123_456, (2000, 2000), "1,234.56 USD is more than 3 times the mean of the last 2 invoices, 20.00 USD"),
        (0, (2000,), "0.00 USD is less than 1/3 of the last invoice's, 20.00 USD"),
    ],
)
def test_the_reason_is_a_sentence_with_the_figures(subtotal: int, recent: tuple[int, ...], reason: str) -> None:
    found = deviation(subtotal, recent=recent, guard=THRICE)
    assert found is not None
    assert found.reason("USD") == reason


def test_the_latest_three_are_remembered_and_a_void_one_is_forgotten() -> None:
    assert with_latest((), 5) == (5,)
    assert with_latest((1, 2, 3), 4) == (2, 3, 4)
    assert without((4, 7, 4), 4) == (4, 7)
    assert without((4, 7, 5), 7) == (4, 5)
    assert without((1, 2), 3) == (1, 2)


def held(buyer: TaxParty = HERE, *, recent: Sequence[int] = (), **settings: Any) -> Hold | None:  # noqa: ANN401
    """Why the invoice of 49.00 waits, with these settings of a German tenant."""
    tenant = a_tenant(seller=a_party(country="DE"), **settings)
    return why_held(INVOICE, buyer=buyer, recent=recent, tenant=tenant)


def test_a_tenant_without_guard_and_approval_holds_nothing_back() -> None:
    assert held(recent=(1,)) is None
    assert held(recent=(4900,), guard=THRICE) is None
    assert held(UNCONFIRMED) is None


def test_with_approval_every_invoice_waits_and_what_the_guard_found_is_said_first() -> None:
    assert held(approval=True, guard=THRICE) == Hold(
        kind=ReviewKind.APPROVAL, reason="every invoice waits for approval"
    )
    guarded = held(recent=(100,), approval=True, guard=THRICE)
    assert guarded is not None
    assert guarded.kind is ReviewKind.GUARD
    assert guarded.figures == {
        "subtotal": "49.00",
        "mean": "1.00",
        "recent": "1.00",
        "factor": "3",
        "currency": "USD",
    }


def test_vat_that_a_confirmed_id_would_take_off_waits_where_the_tenant_says_so() -> None:
    assert held(UNCONFIRMED, unconfirmed_vat_id=HOLD, approval=True) == Hold(
        kind=ReviewKind.VAT_ID,
        reason="the register has not confirmed FR40303265045, so VAT is charged",
        figures={"vat_id": "FR40303265045", "tax": "0.00", "currency": "USD"},
    )
    both = held(UNCONFIRMED, recent=(100,), unconfirmed_vat_id=HOLD, guard=THRICE)
    assert both is not None
    assert (both.kind, both.reason) == (
        ReviewKind.GUARD,
        (
            "49.00 USD is more than 3 times the last invoice's, 1.00 USD; "
            "the register has not confirmed FR40303265045, so VAT is charged"
        ),
    )


def test_an_invoice_of_nothing_waits_for_no_register() -> None:
    tenant = a_tenant(seller=a_party(country="DE"), unconfirmed_vat_id=HOLD)
    assert why_held(replace(INVOICE, total=0), buyer=UNCONFIRMED, recent=(), tenant=tenant) is None


@pytest.mark.parametrize(
    "buyer",
    [
        HERE,
        replace(UNCONFIRMED, vat_id_valid=True),
        replace(UNCONFIRMED, vat_id=""),
        replace(UNCONFIRMED, business=False),
        replace(UNCONFIRMED, exempt=True),
        replace(UNCONFIRMED, postal_code="97110"),  # Guadeloupe: no VAT of the EU
        replace(UNCONFIRMED, country="DE", vat_id="DE136695976"),  # at home there is VAT either way
    ],
)
def test_who_is_taxed_alike_whatever_the_register_says_waits_for_no_answer(buyer: TaxParty) -> None:
    assert held(buyer, unconfirmed_vat_id=HOLD) is None


def test_a_guard_has_no_negative_floor() -> None:
    with pytest.raises(InvalidInput, match="guard.floor: expected 0 or more minor units"):
        Guard(factor=Decimal(3), floor=-1)
