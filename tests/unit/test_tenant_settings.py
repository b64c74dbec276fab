"""A tenant's settings by name: all of them, what differs, and what must not change any more."""

from dataclasses import fields, replace
from datetime import time
from decimal import Decimal

import pytest

from billing.domain.decline import Advice
from billing.domain.dunning_policies import DEFAULT_POLICY, DunningPolicies
from billing.domain.dunning_policy import (
    CaseState,
    Channel,
    DunningPolicy,
    DunningStep,
    QuietHours,
    StepTemplate,
    WhileSuspended,
)
from billing.domain.invoice import BankDetails, Party
from billing.domain.kept_anchor import Anchor
from billing.domain.money import Rounding
from billing.domain.numbering import NumberMonth, NumberOrder, NumberSeries, Restart
from billing.domain.settings_table import SETTINGS
from billing.domain.tenant import EInvoiceFormat, Guard, Paper, Tenant, UnconfirmedVatId
from billing.domain.tenant_settings import (
    FixedSetting,
    UnknownSetting,
    changes_between,
    require_changeable,
    setting_text,
    settings_of,
)
from tests.builders import a_tenant

OTHER = Tenant(
    id="other",
    seller=Party(
        name="Spreewerk GmbH",
        street="Oranienstraße 25",
        city="Berlin",
        state="BE",
        postal_code="10999",
        country="DE",
        email="rechnung@spreewerk.example",
        tax_id="DE136695976",
        registration="HRB 1",
        electronic_address="9930:DE136695976",
    ),
    currency="EUR",
    zone="Europe/Berlin",
    locale="de_DE",
    payment_terms_days=14,
    numbers=NumberSeries(
        format="R-{year}-{sequence:05}",
        counter="invoice",
        month_of=NumberMonth.ISSUE_DATE,
        restart=Restart.YEAR,
        order=NumberOrder.SUBSCRIPTION,
    ),
    credit_numbers=NumberSeries(
        format="G-{year}-{sequence:05}", counter="credit-note", month_of=NumberMonth.ISSUE_DATE, restart=Restart.YEAR
    ),
    bank=BankDetails(
        account_holder="Spreewerk",
        iban="DE02120300000000202051",
        bic="BYLADEM1001",
        bank_name="DKB",
        account_number="202051",
        routing_number="12030000",
    ),
    rounding=Rounding.HALF_EVEN,
    skip_zero_invoices=True,
    shards=4,
    notes=("One.", "Two."),
    accent_colour="#1c5d4a",
    footer="Amtsgericht",
    logo_key="branding/logo.png",
    paper=Paper.LETTER,
    e_invoices=(EInvoiceFormat.UBL,),
    tax_currency="EUR",
    approval=True,
    guard=Guard(factor=Decimal(3), floor=5000),
    gateway="stripe",
    gateway_account="SPREEWERK",
    billing_contact="buchhaltung@spreewerk.example",
    mail_sender="rechnung@spreewerk.example",
    support_email="hilfe@spreewerk.example",
    event_url="https://spreewerk.example/events",
    event_secret_name="SPREEWERK",
    dunning=DunningPolicies(
        policies=(
            DEFAULT_POLICY,
            DunningPolicy(
                name="gentle",
                steps=(
                    DunningStep(day=5, state=CaseState.REMINDER_SENT, template=StepTemplate.REMINDER),
                    DunningStep(
                        day=20, state=CaseState.MANUAL_REVIEW, template=StepTemplate.FINAL, channel=Channel.EVENT
                    ),
                ),
                quiet_hours=QuietHours(start=time(20), end=time(8, 30)),
                suspend_after_days=None,
                suspend_after_reminders=None,
                most_tries=4,
                declines={"expired_card": Advice.RETRY},
            ),
        ),
        segments={"enterprise": "gentle"},
    ),
    while_suspended=WhileSuspended.CATCH_UP,
    interval_change=Anchor.KEEP,
    unconfirmed_vat_id=UnconfirmedVatId.HOLD,
)


def test_every_field_of_a_tenant_is_some_setting() -> None:
    """A tenant in which one field differs has a change: no field of the dataclass was forgotten in the table."""
    plain = a_tenant()
    unnamed = [
        each.name
        for each in fields(Tenant)
        if not changes_between(plain, replace(plain, **{each.name: getattr(OTHER, each.name)}))
    ]
    assert unnamed == []


def test_two_tenants_that_differ_in_everything_differ_in_every_setting() -> None:
    changed = {each.setting.name for each in changes_between(a_tenant(), OTHER)}
    assert changed == {each.name for each in SETTINGS}


def test_a_guards_floor_is_said_in_major_units() -> None:
    assert settings_of(OTHER)["guard.floor"] == "50.00"
    assert settings_of(replace(OTHER, currency="JPY"))["guard.floor"] == "5000"


def test_a_tenant_without_guard_and_bank_has_nothing_set_there() -> None:
    settings = settings_of(a_tenant())
    assert (settings["guard.factor"], settings["guard.floor"], settings["bank.iban"]) == ("", "", "")


@pytest.mark.parametrize(
    ("value", "text"), [(True, "on"), (False, "off"), (30, "30"), ("a", "a"), (("a", "b"), "a | b"), ((), "")]
)
def test_a_value_is_one_text(value: str | int | bool | tuple[str, ...], text: str) -> None:
    assert setting_text(value) == text


@pytest.mark.parametrize("field", ["id", "currency", "zone", "shards"])
def test_what_stored_documents_rest_on_never_changes(field: str) -> None:
    plain = a_tenant()
    changes = changes_between(plain, replace(plain, **{field: getattr(OTHER, field)}))
    with pytest.raises(FixedSetting, match=r"stays '.+', not '.+': ") as raised:
        require_changeable(changes, invoices_numbered=False, notes_numbered=False)
    assert raised.value.changes == changes


@pytest.mark.parametrize(
    ("invoices", "notes", "refused"),
    [
        (False, False, []),
        (True, False, ["invoice_number.format", "invoice_number.month_of", "invoice_number.restart"]),
        (False, True, ["credit_note_number.format", "credit_note_number.month_of", "credit_note_number.restart"]),
    ],
)
def test_a_series_may_change_until_it_gave_a_number(invoices: bool, notes: bool, refused: list[str]) -> None:
    plain = a_tenant()
    changes = changes_between(plain, replace(plain, numbers=OTHER.numbers, credit_numbers=OTHER.credit_numbers))
    try:
        require_changeable(changes, invoices_numbered=invoices, notes_numbered=notes)
        found = []
    except FixedSetting as error:
        found = [each.setting.name for each in error.changes]
    assert found == refused


def test_an_unknown_setting_is_answered_with_all_that_there_are() -> None:
    lines = str(UnknownSetting("guard.flor")).splitlines()
    assert lines[0] == "there is no setting 'guard.flor'. There are:"
    assert "  guard.floor: an amount such as 50.00" in lines
    assert len(lines) == 1 + len(SETTINGS)


def test_of_policies_only_those_that_change_are_said() -> None:
    gentle = replace(OTHER.dunning.policies[1], most_tries=2)
    after = replace(OTHER, dunning=replace(OTHER.dunning, policies=(DEFAULT_POLICY, gentle)))
    [change] = changes_between(OTHER, after)
    rest = "quiet from 20:00 to 08:30; at most {} charges; declines expired_card=retry"
    steps = "gentle: 5 payment_reminder, 20 final_notice+manual_review by event; never suspends; "
    assert (change.before, change.after) == (steps + rest.format(4), steps + rest.format(2))


def test_a_new_order_of_policies_is_said_whole() -> None:
    turned = replace(OTHER.dunning, policies=tuple(reversed(OTHER.dunning.policies)))
    [change] = changes_between(OTHER, replace(OTHER, dunning=turned))
    assert change.before.startswith("default: 0 retry, 3 payment_reminder+retry")
    assert change.after.startswith("gentle: 5 payment_reminder")
    assert change.after.endswith("segment enterprise follows gentle")
