"""Every setting of a tenant by its name in tenant.json: what it takes, where it shows, whether it may change.

One table serves the command line, the audit log and the refusals, so a setting that is added here is known everywhere.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from billing.domain.money import Money
from billing.domain.policy_text import policies_text
from billing.domain.tenant import Tenant

SettingValue: TypeAlias = str | int | bool | tuple[str, ...]
"""Text, a whole number, yes or no, or texts; "" and () are settings that are not made."""


class Change(StrEnum):
    """When a setting may change: any time, until its series gave the first number, or never."""

    ANY_TIME = "any_time"
    BEFORE_INVOICES = "before_invoices"
    BEFORE_CREDIT_NOTES = "before_credit_notes"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting: `expected` is what it takes, `shows` where it appears, `why` the reason where it is fixed.

    `brief` is the value in a few words, where it has too many, and `command` what sets it, where one value can't.
    Of one that changes `by_entry` only the entries that differ are named.
    """

    name: str
    value: Callable[[Tenant], SettingValue]
    expected: str
    shows: str
    change: Change = Change.ANY_TIME
    why: str = ""
    brief: Callable[[Tenant], SettingValue] | None = None
    command: str = ""
    by_entry: bool = False


def _row(name: str, value: Callable[[Tenant], SettingValue], *, takes: str, shows: str) -> Setting:
    return Setting(name=name, value=value, expected=takes, shows=shows)


def _never(setting: Setting, *, why: str) -> Setting:
    return replace(setting, change=Change.NEVER, why=why)


def _before_numbers(setting: Setting, change: Change) -> Setting:
    why = "its series gave numbers already, and another form could give one twice or leave a gap"
    return replace(setting, change=change, why=why)


def _bank(name: str, *, takes: str) -> Setting:
    def value(tenant: Tenant) -> str:
        return "" if tenant.bank is None else str(getattr(tenant.bank, name))

    return _row(f"bank.{name}", value, takes=takes, shows="documents and pay page, for transfers")


def _guard_floor(tenant: Tenant) -> str:
    return "" if tenant.guard is None else str(Money(tenant.guard.floor, tenant.currency).amount)


_TEXT, _EMAIL, _ON_OFF = "text of at most 500 characters", "an e-mail address", "on or off"
_FORMAT = "text with {year}, {month:02} and {sequence:04}"
_MONTH, _RESTART, _ORDER = "billing_period or issue_date", "month, year or never", "customer_id or subscription_id"
_CURRENCY = "an ISO 4217 code such as EUR"
_PARTY, _NUMBERS, _NOTE_NUMBERS = "documents: the seller", "numbers of invoices", "numbers of credit notes"

_SELLER = (
    _never(
        _row("tenant_id", lambda it: it.id, takes="1 to 63 letters, digits, - or _", shows="--tenant; payment links"),
        why="it is a part of each document's place, of payment links and of file names",
    ),
    _row("legal_name", lambda it: it.seller.name, takes="a name", shows="documents, mails, pay page"),
    _row("street", lambda it: it.seller.street, takes=_TEXT, shows=_PARTY),
    _row("city", lambda it: it.seller.city, takes=_TEXT, shows=_PARTY),
    _row("state", lambda it: it.seller.state, takes="in the US a state such as NY", shows=_PARTY),
    _row("postal_code", lambda it: it.seller.postal_code, takes=_TEXT, shows=_PARTY),
    _row("country", lambda it: it.seller.country, takes="an ISO 3166-1 code such as DE", shows="documents; tax"),
    _row("email", lambda it: it.seller.email, takes=_EMAIL, shows=_PARTY),
    _row("tax_registration", lambda it: it.seller.tax_id, takes="your tax id", shows=_PARTY),
    _row("registration", lambda it: it.seller.registration, takes="your number in a register", shows=_PARTY),
    _row(
        "electronic_address",
        lambda it: it.seller.electronic_address,
        takes="scheme:identifier such as 0088:4012345000009",
        shows="e-invoices",
    ),
    _bank("account_holder", takes="a name"),
    _bank("iban", takes="an IBAN"),
    _bank("bic", takes="a BIC"),
    _bank("bank_name", takes=_TEXT),
    _bank("account_number", takes="a number, where there is no IBAN"),
    _bank("routing_number", takes="a routing number or sort code"),
)

_BILLING = (
    _never(
        _row("currency", lambda it: it.currency, takes=_CURRENCY, shows="sums of runs"),
        why="the sums of runs and the guard's floor are counted in it",
    ),
    _never(
        _row("time_zone", lambda it: it.zone, takes="an IANA zone such as Europe/Berlin", shows="every date"),
        why="periods, days of usage and due dates were cut by it",
    ),
    _never(
        _row("shards", lambda it: it.shards, takes="1 to 1000", shows="how runs are spread"),
        why="each subscription is stored with its shard, and one outside of them would never be billed",
    ),
    _row("locale", lambda it: it.locale, takes="a locale such as de_DE", shows="documents, mails"),
    _row("payment_terms_days", lambda it: it.payment_terms_days, takes="0 to 365", shows="due dates"),
    _before_numbers(
        _row("invoice_number.format", lambda it: it.numbers.format, takes=_FORMAT, shows=_NUMBERS),
        Change.BEFORE_INVOICES,
    ),
    _before_numbers(
        _row("invoice_number.month_of", lambda it: it.numbers.month_of.value, takes=_MONTH, shows=_NUMBERS),
        Change.BEFORE_INVOICES,
    ),
    _before_numbers(
        _row("invoice_number.restart", lambda it: it.numbers.restart.value, takes=_RESTART, shows=_NUMBERS),
        Change.BEFORE_INVOICES,
    ),
    _row("invoice_number.order", lambda it: it.numbers.order.value, takes=_ORDER, shows=_NUMBERS),
    _before_numbers(
        _row("credit_note_number.format", lambda it: it.credit_numbers.format, takes=_FORMAT, shows=_NOTE_NUMBERS),
        Change.BEFORE_CREDIT_NOTES,
    ),
    _before_numbers(
        _row(
            "credit_note_number.month_of",
            lambda it: it.credit_numbers.month_of.value,
            takes=_MONTH,
            shows=_NOTE_NUMBERS,
        ),
        Change.BEFORE_CREDIT_NOTES,
    ),
    _before_numbers(
        _row(
            "credit_note_number.restart",
            lambda it: it.credit_numbers.restart.value,
            takes=_RESTART,
            shows=_NOTE_NUMBERS,
        ),
        Change.BEFORE_CREDIT_NOTES,
    ),
    _row("rounding", lambda it: it.rounding.value, takes="half_up or half_even", shows="amounts"),
    _row(
        "interval_change",
        lambda it: it.interval_change.value,
        takes="restart or keep",
        shows="changes to a plan of another interval",
    ),
    _row("skip_zero_invoices", lambda it: it.skip_zero_invoices, takes=_ON_OFF, shows="runs: invoices of 0"),
    _row("tax_currency", lambda it: it.tax_currency, takes=_CURRENCY, shows="documents: VAT in your currency"),
    _row("approval", lambda it: it.approval, takes=_ON_OFF, shows="review queue: every invoice"),
    _row(
        "guard.factor",
        lambda it: "" if it.guard is None else str(it.guard.factor),
        takes="a number above 1",
        shows="review queue: unusual invoices",
    ),
    _row("guard.floor", _guard_floor, takes="an amount such as 50.00", shows="review queue: unusual invoices"),
    _row(
        "unconfirmed_vat_id",
        lambda it: it.unconfirmed_vat_id.value,
        takes="charge or hold",
        shows="review queue: VAT that a confirmed id takes off",
    ),
)

_LOOK = (
    _row("logo_key", lambda it: it.logo_key, takes="the key of a PNG below branding/", shows="documents"),
    _row("accent_colour", lambda it: it.accent_colour, takes="#rrggbb", shows="documents, mails, pay page"),
    _row("footer", lambda it: it.footer, takes=_TEXT, shows="documents: foot of each page"),
    _row("paper", lambda it: it.paper.value, takes="a4 or letter", shows="documents"),
    _row("notes", lambda it: it.notes, takes="texts, one each time it is named", shows="documents: below the lines"),
    _row(
        "e_invoices",
        lambda it: tuple(each.value for each in it.e_invoices),
        takes="factur-x, ubl, or both: name it twice",
        shows="files of documents",
    ),
)

_MONEY_AND_MAIL = (
    _row("gateway", lambda it: it.gateway, takes="stripe", shows="charging of cards, pay page"),
    _row(
        "gateway_account",
        lambda it: it.gateway_account,
        takes="capitals, digits and _: the end of the key's name, as in STRIPE_API_KEY_ACME",
        shows="charging of cards",
    ),
    _row("mail_sender", lambda it: it.mail_sender, takes=_EMAIL, shows="mails: from"),
    _row("support_email", lambda it: it.support_email, takes=_EMAIL, shows="mails: where answers go"),
    _row("billing_contact", lambda it: it.billing_contact, takes=_EMAIL, shows="mails to you: what failed"),
    _row(
        "event_url",
        lambda it: it.event_url,
        takes="an https:// address (http:// on this machine alone), without user and #",
        shows="events to your system",
    ),
    _row(
        "event_secret_name",
        lambda it: it.event_secret_name,
        takes="capitals, digits and _: the end of the secret's name, as in EVENT_SECRET_ACME",
        shows="events to your system: signature",
    ),
)

_UNPAID = (
    replace(
        _row(
            "dunning",
            lambda it: policies_text(it.dunning),
            takes="policies, which have a place of their own",
            shows="dunning: what is done on which day",
        ),
        brief=lambda it: tuple(each.name for each in it.dunning.policies),
        command="billing dunning policy set FILE",
        by_entry=True,
    ),
    _row(
        "while_suspended",
        lambda it: it.while_suspended.value,
        takes="bill, skip or catch_up",
        shows="runs: bills of suspended customers",
    ),
)

SETTINGS: tuple[Setting, ...] = (*_SELLER, *_BILLING, *_LOOK, *_MONEY_AND_MAIL, *_UNPAID)
"""All of them, in the order in which they are shown."""
