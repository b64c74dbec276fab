"""One entry (Ntry) of a camt.053 statement: a transaction, or several that the bank booked as one sum."""

from collections.abc import Iterable
from datetime import date

from lxml import etree

from billing.adapters.bank_statements.unreadable import Place, UnreadableStatement, minor_units
from billing.domain.bank import BankEntry, EntryKind
from billing.domain.errors import InvalidInput

_KINDS = {
    ("CRDT", False): EntryKind.CREDIT,
    ("DBIT", False): EntryKind.DEBIT,
    # the direction is that of the money now, so a debit that reverses takes a credit back
    ("DBIT", True): EntryKind.CREDIT_REVERSED,
    ("CRDT", True): EntryKind.DEBIT_REVERSED,
}


def read_entry(entry: etree._Element, place: Place) -> tuple[BankEntry, ...] | None:
    """The entry's transactions, none for one of 0, or None where the bank has not booked it yet.

    UnreadableStatement for what is wrong.
    """
    status = text_of(entry, "Sts", "Cd") or text_of(entry, "Sts")
    if status not in {"BOOK", ""}:
        return None
    total, currency = minor_of(only(entry, "Amt", place), place)
    if not total:
        return ()
    details = [*_all(entry, "NtryDtls", "TxDtls")]
    amounts = [_amount_of(each, currency, place) for each in details]
    parts = [amount for amount in amounts if amount is not None]
    if len(details) > 1 and len(parts) == len(details) and sum(parts) == total:
        return tuple(
            _entry(entry, [each], amount, currency, place)
            for each, amount in zip(details, parts, strict=True)
            if amount
        )
    return (_entry(entry, details, total, currency, place),)


def local(element: etree._Element) -> str:
    """An element's name without its namespace, which has the version in it."""
    return str(element.tag).rpartition("}")[2]


def text_of(element: etree._Element, *path: str) -> str:
    """The text of the first element on a path below, "" where there is none."""
    found = next(iter(_all(element, *path)), None)
    return "" if found is None else (found.text or "").strip()


def only(element: etree._Element, name: str, place: Place) -> etree._Element:
    """The child of that name; UnreadableStatement where it is missing."""
    for child in _all(element, name):
        return child
    raise UnreadableStatement(place, f"expected {name}, which is missing")


def minor_of(amount: etree._Element, place: Place) -> tuple[int, str]:
    """An Amt in minor units and its currency; UnreadableStatement where it is less than 0 or no amount."""
    currency = str(amount.get("Ccy") or "")
    where = Place(file=place.file, line=amount.sourceline or place.line, name=f"{place.name}/{local(amount)}")
    try:
        minor = minor_units((amount.text or "").strip(), currency)
    except InvalidInput as error:
        raise UnreadableStatement(where, f"expected {error.expected}, got {error.given!r}") from None
    if minor < 0:
        raise UnreadableStatement(where, f"expected 0 or more, got {amount.text}")
    return minor, currency


def _entry(entry: etree._Element, details: list[etree._Element], amount: int, currency: str, place: Place) -> BankEntry:
    booked_on = _day(entry, "BookgDt", place) or _day(entry, "ValDt", place)
    if booked_on is None:
        raise UnreadableStatement(place, "expected BookgDt or ValDt, the day")
    return BankEntry(
        kind=_kind(entry, details, place),
        amount=amount,
        currency=currency,
        booked_on=booked_on,
        valued_on=_day(entry, "ValDt", place) or booked_on,
        remittance=_remittance(entry, details),
        payer=_payer(details),
        payer_iban=_first(details, "RltdPties", "DbtrAcct", "Id", "IBAN").replace(" ", "").upper(),
        end_to_end_id=_first(details, "Refs", "EndToEndId"),
        bank_reference=_bank_reference(entry, details),
    )


def _kind(entry: etree._Element, details: list[etree._Element], place: Place) -> EntryKind:
    direction = text_of(entry, "CdtDbtInd")
    if direction not in {"CRDT", "DBIT"}:
        raise UnreadableStatement(place, f"expected CRDT or DBIT as CdtDbtInd, got {direction!r}")
    returned = any(True for each in details for _ in _all(each, "RtrInf"))
    return _KINDS[direction, returned or text_of(entry, "RvslInd").lower() in {"true", "1"}]


def _amount_of(detail: etree._Element, currency: str, place: Place) -> int | None:
    """What a part of a collected entry comes to in the account's currency, None where it does not say."""
    for path in (("Amt",), ("AmtDtls", "TxAmt", "Amt")):
        for amount in _all(detail, *path):
            if amount.get("Ccy") == currency:
                return minor_of(amount, place)[0]
    return None


def _remittance(entry: etree._Element, details: list[etree._Element]) -> str:
    """What the payer wrote, a line for each part; what the bank says of the entry only where that is nothing."""
    lines: list[str] = []
    for each in details:
        lines += [_text(found) for found in _all(each, "RmtInf", "Ustrd")]
        lines += [_text(found) for found in _all(each, "RmtInf", "Strd", "CdtrRefInf", "Ref")]
        lines += [_text(found) for found in _all(each, "RmtInf", "Strd", "RfrdDocInf", "Nb")]
        lines += [_text(found) for found in _all(each, "RmtInf", "Strd", "AddtlRmtInf")]
    if not any(lines):
        lines = [_text(found) for each in details for found in _all(each, "AddtlTxInf")]
    return "\n".join(filter(None, lines)) or text_of(entry, "AddtlNtryInf")


def _payer(details: list[etree._Element]) -> str:
    """Up to version 07 a party has its name itself, from 08 on one element further down."""
    return _first(details, "RltdPties", "Dbtr", "Pty", "Nm") or _first(details, "RltdPties", "Dbtr", "Nm")


def _bank_reference(entry: etree._Element, details: list[etree._Element]) -> str:
    own = _first(details, "Refs", "AcctSvcrRef") if len(details) == 1 else ""
    return own or text_of(entry, "AcctSvcrRef") or text_of(entry, "NtryRef")


def _day(entry: etree._Element, name: str, place: Place) -> date | None:
    text = text_of(entry, name, "Dt") or text_of(entry, name, "DtTm")
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        where = Place(file=place.file, line=place.line, name=f"{place.name}/{name}")
        raise UnreadableStatement(where, f"expected a date such as 2026-03-02, got {text!r}") from None


def _first(details: list[etree._Element], *path: str) -> str:
    return next((text for each in details if (text := text_of(each, *path))), "")


def _text(element: etree._Element) -> str:
    return (element.text or "").strip()


def _all(element: etree._Element, *path: str) -> Iterable[etree._Element]:
    """Every element on a path of names below, whatever namespace (version) they are in."""
    found: Iterable[etree._Element] = (element,)
    for name in path:
        found = [child for each in found for child in each if local(child) == name]
    return found
