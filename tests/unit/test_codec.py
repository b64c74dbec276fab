"""The codec: exact values survive a document, every union keeps its kind, and a broken document is named."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from billing.domain.catalog import (
    Aggregation,
    Billed,
    GraduatedPrice,
    PackagePrice,
    PerUnitPrice,
    Plan,
    StairstepPrice,
    Tier,
    UsagePrice,
    VolumePrice,
)
from billing.domain.customer import Customer
from billing.domain.explanation import CreditStep, Explanation, FlatStep, PackageStep, ProrationStep, Step, TierStep
from billing.domain.invoice import Invoice
from billing.domain.subscription import Subscription
from billing.domain.usage import Bucket, LastReading
from billing.ports import Fields
from billing.store.codec import (
    BrokenDocument,
    NewerDocument,
    converter,
    decode,
    decode_buckets,
    encode,
    encode_buckets,
    instant,
)
from tests.builders import Account, a_customer, a_fee, a_meter, a_plan, a_subscription, utc

TIERS = (Tier(up_to=Decimal("10.5"), unit_price=Decimal("0.000000000001"), name="Free"), Tier(up_to=None))
PRICES: list[UsagePrice] = [
    PerUnitPrice(unit_price=Decimal("0.10")),
    GraduatedPrice(tiers=TIERS),
    VolumePrice(tiers=TIERS),
    StairstepPrice(tiers=(Tier(up_to=None, flat_fee=Decimal(9)),)),
    PackagePrice(size=Decimal(1000), unit_price=Decimal("1.25")),
]
ONE = Decimal(1)
STEPS: list[Step] = [
    TierStep(
        model="graduated", meter="m", usage=ONE, above=ONE, up_to=None, quantity=ONE, unit_price=ONE, flat_fee=ONE
    ),
    PackageStep(meter="m", usage=ONE, size=ONE, quantity=ONE, unit_price=ONE),
    FlatStep(quantity=ONE, unit_price=ONE),
    ProrationStep(price=ONE, active=3, whole=31, unit="day"),
    CreditStep(invoice_id="i", price=ONE, billed=100, used=3, whole=31, unit="day"),
]


def through_json(fields: Fields) -> Fields:
    """What a store does at least: the fields as JSON, which knows neither decimals nor instants."""
    result: Fields = json.loads(json.dumps(fields))
    return result


@pytest.mark.parametrize("price", PRICES, ids=lambda price: type(price).__name__)
def test_every_price_model_comes_back_as_it_was(price: UsagePrice) -> None:
    plan = a_plan(fees=[a_fee("49.00")], metered=[a_meter(price, aggregation=Aggregation.MAX)], anchor_day=31)
    assert decode(through_json(encode(plan)), Plan) == plan


@pytest.mark.parametrize("step", STEPS, ids=lambda step: type(step).__name__)
def test_every_step_of_an_explanation_comes_back_as_it_was(step: Step) -> None:
    explanation = Explanation(plan="plan@1", step=step)
    assert converter().structure(converter().unstructure(explanation), Explanation) == explanation


def test_the_kind_of_a_price_is_a_word_that_outlives_the_class() -> None:
    fields = encode(a_plan(metered=[a_meter(price, meter=f"m{n}") for n, price in enumerate(PRICES)]))
    metered = fields["metered"]
    assert isinstance(metered, list | tuple)
    kinds = [each["price"]["kind"] for each in metered]  # type: ignore[index,call-overload]
    assert kinds == ["per_unit", "graduated", "volume", "stairstep", "package"]


def test_an_invoice_a_customer_and_a_subscription_come_back_as_they_were() -> None:
    account = Account.opened(
        a_plan(fees=[a_fee("99.00")], addons=[a_fee("10.00", "seat")], metered=[a_meter("0.001")], anchor_day=1),
        start="2026-01-15",
    ).adding("seat", start="2026-01-20", quantity="2.5")
    invoice = account.bill()
    assert decode(through_json(encode(invoice)), Invoice) == invoice
    assert decode(through_json(encode(account.subscription)), Subscription) == account.subscription
    assert decode(through_json(encode(a_customer())), Customer) == a_customer()


def test_how_the_bill_of_a_boundary_was_made_is_kept_where_a_plan_took_another_s_place_then() -> None:
    ahead = a_plan(fees=[a_fee("99.00")], anchor_day=1, billed=Billed.IN_ADVANCE)
    account = Account.opened(ahead, start="2026-02-01").billed(2)
    changed = account.changing_plan(a_plan(version=2, anchor_day=1), at="2026-03-01").subscription
    fields = through_json(encode(changed))
    assert json.dumps(fields["phases"]).count('"bill_made": "in_advance"') == 1
    assert json.dumps(fields["phases"]).count("bill_made") == 1
    assert decode(fields, Subscription) == changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Every scalar that a document keeps as text."""

    amount: Decimal
    at: datetime
    on: date
    kind: Aggregation
    new: str = "default"


SAMPLE = Sample(
    amount=Decimal("0.100"),
    at=datetime(2026, 2, 1, 12, 30, 15, 250, tzinfo=UTC),
    on=date(2024, 2, 29),
    kind=Aggregation.UNIQUE,
)


def test_scalars_are_plain_text_and_the_document_says_its_version() -> None:
    assert encode(SAMPLE) == {
        "amount": "0.100",
        "at": "2026-02-01T12:30:15.000250+00:00",
        "on": "2024-02-29",
        "kind": "unique",
        "new": "default",
        "schema_version": 1,
    }


def test_a_decimal_keeps_every_digit_it_had() -> None:
    for text in ("0.100", "1E+3", "-0.000000000001", "123456789012345678.123456789012"):
        read = decode(through_json(encode(replace(SAMPLE, amount=Decimal(text)))), Sample)
        assert read.amount.as_tuple() == Decimal(text).as_tuple()


def test_a_field_that_an_older_version_lacks_takes_its_default() -> None:
    fields = encode(SAMPLE)
    del fields["new"]
    assert decode(fields, Sample) == SAMPLE


def test_a_field_that_is_not_known_is_left_alone() -> None:
    assert decode({**encode(SAMPLE), "of_tomorrow": 1}, Sample) == SAMPLE


def test_an_instant_is_read_in_utc_whatever_its_form() -> None:
    berlin = timezone(timedelta(hours=1))
    assert instant("2026-02-01T01:00:00+01:00") == utc("2026-02-01")
    assert instant(datetime(2026, 2, 1, 1, tzinfo=berlin)).tzinfo is UTC


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"amount": "much"}, "amount"),
        ({"amount": None}, "amount"),
        ({"at": "yesterday"}, "at"),
        ({"at": 5}, "at"),
        ({"on": "2026-02-30"}, "on"),
        ({"kind": "average"}, "kind"),
    ],
)
def test_a_broken_document_is_named_with_the_field(change: Fields, said: str) -> None:
    with pytest.raises(BrokenDocument, match=f"a stored sample can't be read: .*{said}"):
        decode({**encode(SAMPLE), **change}, Sample)


def test_a_document_of_a_later_version_is_left_alone() -> None:
    fields = encode(SAMPLE)
    assert fields["schema_version"] == 1
    with pytest.raises(NewerDocument, match="sample can't be read: its schema_version is 2, this version knows 1"):
        decode({**fields, "schema_version": 2}, Sample)


def test_a_missing_field_is_a_broken_document() -> None:
    fields = encode(SAMPLE)
    del fields["amount"]
    with pytest.raises(BrokenDocument, match="amount"):
        decode(fields, Sample)


def test_a_value_that_breaks_a_rule_of_the_domain_is_a_broken_document() -> None:
    fields = encode(a_subscription(a_plan(fees=[a_fee("1")]), start="2026-01-01"))
    with pytest.raises(BrokenDocument, match="phases: expected at least one"):
        decode({**fields, "phases": []}, Subscription)


def test_buckets_come_back_as_they_were() -> None:
    buckets: dict[datetime, Bucket] = {
        utc("2026-02-01"): Decimal("1.50"),
        utc("2026-02-02"): LastReading(occurred_at=utc("2026-02-02T10:00"), event_id="e1", quantity=Decimal(3)),
        utc("2026-02-03T23:00"): frozenset({"b", "a"}),
    }
    fields = encode_buckets(buckets)
    assert fields == {
        "20260201T000000Z": "1.50",
        "20260202T000000Z": {"occurred_at": "2026-02-02T10:00:00+00:00", "event_id": "e1", "quantity": "3"},
        "20260203T230000Z": ["a", "b"],
    }
    assert decode_buckets(through_json(fields)) == buckets
