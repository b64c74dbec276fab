"""A tenant as JSON, in a book or by its single settings: the seller and what its invoices follow."""

from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field

from billing.adapters.book_files.cell_types import (
    AnyCurrency,
    Bic,
    Colour,
    Country,
    Currency,
    DeliveryAddress,
    Email,
    EventUrl,
    Flag,
    Gateway,
    LocaleName,
    LogoKey,
    Name,
    Number,
    SecretName,
    TenantId,
    Text,
    Zone,
    checked_iban,
    require_state,
    ruled,
)
from billing.adapters.book_files.dunning_model import GivenDunning, policies_in
from billing.adapters.book_files.json_objects import JsonFile, JsonModel
from billing.domain.bank_account import checked_bank
from billing.domain.catalog import ZERO
from billing.domain.currency import exponent
from billing.domain.dunning_policies import DunningPolicies
from billing.domain.dunning_policy import WhileSuspended
from billing.domain.errors import InvalidInput
from billing.domain.invoice import BankDetails, Party
from billing.domain.kept_anchor import Anchor
from billing.domain.money import Rounding, parse_decimal, to_minor
from billing.domain.numbering import CREDIT_NOTE_NUMBERS, NumberMonth, NumberOrder, NumberSeries, Restart
from billing.domain.tenant import EInvoiceFormat, Guard, Paper, Tenant, UnconfirmedVatId


class _Numbers(JsonModel):
    format: Text = NumberSeries().format
    month_of: NumberMonth = NumberMonth.BILLING_PERIOD
    restart: Restart = Restart.MONTH
    order: NumberOrder = NumberOrder.CUSTOMER


class _CreditNoteNumbers(JsonModel):
    format: Text = CREDIT_NOTE_NUMBERS.format
    month_of: NumberMonth = NumberMonth.BILLING_PERIOD
    restart: Restart = Restart.MONTH


def _checked_iban(value: object) -> str:
    return "" if value == "" else checked_iban(value)


OptionalIban = Annotated[str, ruled(_checked_iban)]


class _Bank(JsonModel):
    account_holder: Name
    iban: OptionalIban = ""
    bic: Bic = ""
    bank_name: Text = ""
    account_number: Text = ""
    routing_number: Text = ""


class _Guard(JsonModel):
    factor: Number
    floor: Number = ZERO


class _Tenant(JsonModel):
    tenant_id: TenantId
    legal_name: Name
    street: Text = ""
    city: Text = ""
    state: Text = ""
    postal_code: Text = ""
    country: Country
    email: Email = ""
    tax_registration: Text = ""
    registration: Text = ""
    electronic_address: DeliveryAddress = ""
    currency: Currency
    time_zone: Zone
    locale: LocaleName = "en_US"
    payment_terms_days: Annotated[int, Field(strict=True, ge=0, le=365)] = 30
    invoice_number: _Numbers = _Numbers()
    credit_note_number: _CreditNoteNumbers = _CreditNoteNumbers()
    bank: _Bank | None = None
    rounding: Rounding = Rounding.HALF_UP
    skip_zero_invoices: Flag = False
    shards: Annotated[int, Field(strict=True, ge=1, le=1000)] | None = None
    notes: tuple[Text, ...] = ()
    accent_colour: Colour = ""
    footer: Text = ""
    logo_key: LogoKey = ""
    paper: Paper = Paper.A4
    e_invoices: tuple[EInvoiceFormat, ...] = ()
    tax_currency: AnyCurrency = ""
    approval: Flag = False
    guard: _Guard | None = None
    unconfirmed_vat_id: UnconfirmedVatId = UnconfirmedVatId.CHARGE
    gateway: Gateway = ""
    gateway_account: SecretName = ""
    mail_sender: Email = ""
    billing_contact: Email = ""
    support_email: Email = ""
    event_url: EventUrl = ""
    event_secret_name: SecretName = ""
    dunning: GivenDunning | None = None
    while_suspended: WhileSuspended = WhileSuspended.BILL
    interval_change: Anchor = Anchor.RESTART


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedTenant:
    """A tenant as it was given; `names_shards` tells whether that says into how many shards it goes."""

    value: Tenant
    names_shards: bool


def tenant_in(file: JsonFile) -> BookedTenant | None:
    """The tenant in a JSON object, or None where what is wrong with it is logged."""
    given = file.model(_Tenant)
    if given is None:
        return None
    try:
        require_state(given.country, given.state)
    except InvalidInput as error:
        file.add_rule((), error)
    tenant, dunning = _tenant(file, given), _dunning(file, given)
    if tenant is None or dunning is None:
        return None
    value = replace(tenant, dunning=dunning, interval_change=given.interval_change)
    return BookedTenant(value=value, names_shards=given.shards is not None)


def _tenant(file: JsonFile, given: _Tenant) -> Tenant | None:
    try:
        numbers, guard = NumberSeries(**given.invoice_number.model_dump()), _guard(given)
        bank = None if given.bank is None else checked_bank(BankDetails(**given.bank.model_dump()))
        credit_numbers = _credit_numbers(given)
    except InvalidInput as error:
        file.add_rule((), error)
        return None
    return Tenant(
        id=given.tenant_id,
        seller=_seller(given),
        currency=given.currency,
        zone=given.time_zone,
        locale=given.locale,
        payment_terms_days=given.payment_terms_days,
        numbers=numbers,
        credit_numbers=credit_numbers,
        bank=bank,
        rounding=given.rounding,
        skip_zero_invoices=given.skip_zero_invoices,
        shards=given.shards or 1,
        notes=given.notes,
        accent_colour=given.accent_colour,
        footer=given.footer,
        logo_key=given.logo_key,
        paper=given.paper,
        e_invoices=tuple(dict.fromkeys(given.e_invoices)),
        tax_currency=given.tax_currency,
        approval=given.approval,
        guard=guard,
        unconfirmed_vat_id=given.unconfirmed_vat_id,
        gateway=given.gateway,
        gateway_account=given.gateway_account,
        mail_sender=given.mail_sender,
        billing_contact=given.billing_contact,
        support_email=given.support_email,
        event_url=given.event_url,
        event_secret_name=given.event_secret_name,
        while_suspended=given.while_suspended,
    )


def _dunning(file: JsonFile, given: _Tenant) -> DunningPolicies | None:
    return DunningPolicies() if given.dunning is None else policies_in(file, given.dunning, place=("dunning",))


def _credit_numbers(given: _Tenant) -> NumberSeries:
    """The series of credit notes; InvalidInput, by its own name, for a format that is none."""
    try:
        return replace(CREDIT_NOTE_NUMBERS, **given.credit_note_number.model_dump())
    except InvalidInput as error:
        raise InvalidInput("credit_note_number.format", expected=error.expected, given=error.given) from None


def _guard(given: _Tenant) -> Guard | None:
    """The guard, its floor in the currency's minor unit; InvalidInput for a floor that is no whole number of them."""
    if given.guard is None:
        return None
    floor = parse_decimal(given.guard.floor, field="guard.floor", min=ZERO, max_places=exponent(given.currency))
    return Guard(factor=given.guard.factor, floor=to_minor(floor, given.currency))


def _seller(given: _Tenant) -> Party:
    return Party(
        name=given.legal_name,
        street=given.street,
        city=given.city,
        state=given.state,
        postal_code=given.postal_code,
        country=given.country,
        email=given.email,
        tax_id=given.tax_registration,
        registration=given.registration,
        electronic_address=given.electronic_address,
    )
