"""What a cell or a JSON value may be: text becomes the domain's values, or the error that says what was expected."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, TypeVar

import stdnum
from babel import Locale, UnknownLocaleError
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError
from stdnum import bic, iban
from stdnum.eu import vat
from stdnum.exceptions import ValidationError as InvalidNumber

from billing.adapters.book_files.error_log import broken_rule
from billing.adapters.public_address import is_literally_private
from billing.domain.currency import exponent
from billing.domain.electronic_address import electronic_address
from billing.domain.errors import InvalidInput
from billing.domain.money import parse_decimal
from billing.domain.period import zone_named
from billing.domain.plan_name import plan_name
from billing.domain.tax_table import require_country
from billing.domain.tax_territory import EU_MEMBERS
from billing.domain.web_address import is_web_address, web_parts
from billing.store.ids import checked_id, meter_name, tenant_path

T = TypeVar("T")

FIRST_DAY, LAST_DAY = date(1980, 1, 1), date(2149, 12, 31)  # with room for the cycles around them

_LONGEST_ID = 100  # it is a part of longer ids: an invoice's, a roll-up's
_LONGEST_METER = 64
_LONGEST_TEXT = 500
_LONGEST_EMAIL = 254
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_LOGO_KEY = re.compile(r"branding(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+\.png")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_SECRET_NAME = re.compile(r"[A-Z0-9_]{1,100}")
_FLAGS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_KOSOVO = "XK"  # in use, though ISO has not listed it
_US_STATES = frozenset(  # the states, the District, the territories and the three of armed forces' mail
    {"AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "DC", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS", "KY", "LA"}
    | {"ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "OH", "OK", "OR"}
    | {"PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY"}
    | {"AS", "GU", "MP", "PR", "VI", "UM", "AA", "AE", "AP"}
    | {"ND"}  # codespell:ignore
)
_EU_PREFIXES = EU_MEMBERS | {"EL", "EU", "XI"}


def checked_text(value: object) -> str:
    """Printable text of at most 500 characters on one line."""
    if not isinstance(value, str):
        raise InvalidInput("", expected="text", given=value)
    if len(value) > _LONGEST_TEXT or _CONTROL.search(value):
        raise InvalidInput("", expected=f"at most {_LONGEST_TEXT} characters without control characters", given=value)
    return value


def checked_name(value: object) -> str:
    """Text that is not empty."""
    if not checked_text(value).strip():
        raise InvalidInput("", expected="text that is not empty", given=value)
    return str(value)


def checked_key(value: object, *, longest: int = _LONGEST_ID) -> str:
    """An id that may stand in a path, short enough to be a part of other ids."""
    if not isinstance(value, str):
        raise InvalidInput("", expected="an id as text", given=value)
    return checked_id("", value, longest=longest)


def checked_meter(value: object) -> str:
    """The name of a meter."""
    return meter_name("", checked_key(value, longest=_LONGEST_METER))


def checked_plan_id(value: object) -> str:
    """A plan's id without its version, which is set off by @."""
    if isinstance(value, str) and "@" in value:
        raise InvalidInput("", expected="a plan id without @, which sets off the version", given=value)
    return plan_name("", checked_key(value))


def checked_tenant(value: object) -> str:
    """A tenant's id."""
    tenant_path(value if isinstance(value, str) else "")
    return str(value)


@lru_cache(maxsize=16_384)
def checked_day(value: object) -> date:
    """An ISO date in the years that can be billed."""
    expected = f"a date such as 2026-02-28, from {FIRST_DAY} to {LAST_DAY}"
    try:
        day = date.fromisoformat(value) if isinstance(value, str) and _DAY.fullmatch(value) else None
    except ValueError:
        day = None
    if day is None or not FIRST_DAY <= day <= LAST_DAY:
        raise InvalidInput("", expected=expected, given=value)
    return day


def checked_number(value: object) -> Decimal:
    """An exact decimal of 0 or more: a price, a quantity, a rate."""
    return parse_decimal(value, field="", min=Decimal(0))


def checked_currency(value: object) -> str:
    """An ISO 4217 code."""
    exponent(value if isinstance(value, str) else "")
    return str(value)


def checked_any_currency(value: object) -> str:
    """An ISO 4217 code, or nothing."""
    return "" if value == "" else checked_currency(value)


def checked_zone(value: object) -> str:
    """An IANA time zone."""
    zone_named(value)
    return str(value)


@lru_cache(maxsize=1024)
def checked_locale(value: object) -> str:
    """A locale that texts can be written in, such as en_US."""
    try:
        return str(Locale.parse(str(value)))
    except (ValueError, UnknownLocaleError):
        raise InvalidInput("", expected="a locale such as en_US or de_DE", given=value) from None


def checked_country(value: object) -> str:
    """An ISO 3166-1 alpha-2 code that is in use."""
    text = str(value)
    require_country(text, field="")
    if text not in _countries():
        raise InvalidInput("", expected="an ISO 3166-1 code such as DE", given=value)
    return text


def checked_email(value: object) -> str:
    """An address by its form."""
    if value == "":
        return ""
    if len(checked_text(value)) > _LONGEST_EMAIL or not _EMAIL.fullmatch(str(value)):
        raise InvalidInput("", expected="an e-mail address such as billing@example.com", given=value)
    return str(value)


def checked_delivery_address(value: object) -> str:
    """Where e-invoices go, as scheme:identifier, or nothing."""
    if value == "":
        return ""
    return ":".join(electronic_address(checked_text(value)))


def checked_iban(value: object) -> str:
    """An IBAN by its length and check digits, without blanks."""
    try:
        return str(iban.validate(str(value)))
    except InvalidNumber as error:
        raise InvalidInput("", expected=f"an IBAN ({error})", given=value) from None


def checked_bic(value: object) -> str:
    """A BIC by its form."""
    if value == "":
        return ""
    try:
        return str(bic.validate(str(value)))
    except InvalidNumber as error:
        raise InvalidInput("", expected=f"a BIC ({error})", given=value) from None


def checked_vat_id(value: object) -> str:
    """A VAT id by its country's form and check digits (python-stdnum); whether it is registered is another question."""
    text = re.sub(r"[\s.\-/]", "", str(value)).upper()
    if not text:
        return ""
    rules = vat if text[:2] in _EU_PREFIXES else stdnum.get_cc_module(text[:2], "vat")
    if rules is None:
        raise InvalidInput("", expected="a VAT id with its country's prefix such as DE136695976", given=value)
    try:
        rules.validate(text)
    except InvalidNumber as error:
        raise InvalidInput("", expected=f"a VAT id with its country's prefix ({error})", given=value) from None
    return text


def checked_flag(value: object) -> bool:
    """Yes or no."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _FLAGS:
        return _FLAGS[value.lower()]
    raise InvalidInput("", expected="true, yes, on, 1, false, no, off or 0", given=value)


def checked_colour(value: object) -> str:
    """A colour as #rrggbb, or nothing."""
    if value == "" or (isinstance(value, str) and _COLOUR.fullmatch(value)):
        return str(value)
    raise InvalidInput("", expected="a colour such as #1f3a5f", given=value)


def checked_logo_key(value: object) -> str:
    """The key of a PNG below branding/ in the object store, or nothing."""
    if value == "" or (isinstance(value, str) and _LOGO_KEY.fullmatch(value)):
        return str(value)
    raise InvalidInput("", expected="a key such as branding/logo.png", given=value)


def checked_gateway(value: object) -> str:
    """What charges cards, or nothing."""
    if value in ("", "stripe"):
        return str(value)
    raise InvalidInput("", expected="stripe, or nothing", given=value)


def checked_secret_name(value: object) -> str:
    """The end of a secret's name, such as that of a gateway's account, or nothing."""
    if value == "" or (isinstance(value, str) and _SECRET_NAME.fullmatch(value)):
        return str(value)
    raise InvalidInput("", expected="capitals, digits and _ such as ACME", given=value)


def checked_event_url(value: object) -> str:
    """Where events are posted, or nothing."""
    text = checked_text(value)
    is_plain = text.isascii() and not re.search(r"[\s#\\]", text)
    if text and not (is_plain and is_web_address(text.partition("?")[0])):
        expected = "an https:// address (http:// on this machine alone), without user and #"
        raise InvalidInput("", expected=expected, given=value)
    parts = web_parts(text)
    if parts is not None and parts.scheme == "https" and is_literally_private(parts.hostname or ""):
        raise InvalidInput("", expected="an address on the public internet (http:// on this machine)", given=value)
    return text


def require_state(country: str, state: str) -> None:
    """Refuse a US state that does not exist: it would silently find no tax rate."""
    if country == "US" and state and state not in _US_STATES:
        raise InvalidInput("state", expected="a two-letter US state such as NY", given=state)


def ruled(check: Callable[[object], T]) -> BeforeValidator:
    """A check of the domain as one of pydantic's, which reports instead of raising."""

    def validate(value: object) -> T:
        try:
            return check(value)
        except InvalidInput as error:
            raise PydanticCustomError("rule", "{reason}", {"reason": broken_rule(error)}) from None

    return BeforeValidator(validate)


@lru_cache(maxsize=1)
def _countries() -> frozenset[str]:
    table = files("tzdata").joinpath("zoneinfo", "iso3166.tab").read_text(encoding="utf-8")
    return frozenset(line[:2] for line in table.splitlines() if line and not line.startswith("#")) | {_KOSOVO}


Text = Annotated[str, ruled(checked_text)]
Name = Annotated[str, ruled(checked_name)]
Key = Annotated[str, ruled(checked_key)]
Meter = Annotated[str, ruled(checked_meter)]
PlanId = Annotated[str, ruled(checked_plan_id)]
TenantId = Annotated[str, ruled(checked_tenant)]
Day = Annotated[date, ruled(checked_day)]
Number = Annotated[Decimal, ruled(checked_number)]
Currency = Annotated[str, ruled(checked_currency)]
AnyCurrency = Annotated[str, ruled(checked_any_currency)]
Zone = Annotated[str, ruled(checked_zone)]
LocaleName = Annotated[str, ruled(checked_locale)]
Country = Annotated[str, ruled(checked_country)]
Email = Annotated[str, ruled(checked_email)]
DeliveryAddress = Annotated[str, ruled(checked_delivery_address)]
Bic = Annotated[str, ruled(checked_bic)]
VatId = Annotated[str, ruled(checked_vat_id)]
Flag = Annotated[bool, ruled(checked_flag)]
Colour = Annotated[str, ruled(checked_colour)]
LogoKey = Annotated[str, ruled(checked_logo_key)]
Gateway = Annotated[str, ruled(checked_gateway)]
SecretName = Annotated[str, ruled(checked_secret_name)]
EventUrl = Annotated[str, ruled(checked_event_url)]
