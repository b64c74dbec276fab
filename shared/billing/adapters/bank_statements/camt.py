"""camt.053 files (ISO 20022, versions 02 to 13), read as they stream by: an entry is dropped once it is read.

A file with a document type is refused, so that no entity of it is ever expanded.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from billing.adapters.bank_statements.camt_entry import local, minor_of, only, read_entry, text_of
from billing.adapters.bank_statements.unreadable import Place, UnreadableStatement
from billing.domain.bank import BankEntry, Statement, StatementFormat

_MESSAGE = re.compile(r"\{(?:urn:iso:std:iso:20022:tech:xsd:)?([a-z]{4}\.[0-9]{3}\.[0-9]{3}\.[0-9]{2})\}Document")
# what is read here has the same names and meaning in all of these; the later ones only add to them
_VERSIONS = frozenset(f"camt.053.001.{version:02}" for version in range(2, 14))


@dataclass(slots=True, kw_only=True)
class _Reading:
    """What was read of a statement so far; `count` entries, booked or not."""

    name: str
    number: str = ""
    page: str = ""
    account: str = ""
    currency: str = ""
    opening: int | None = None
    closing: int | None = None
    entries: list[BankEntry] = field(default_factory=list)
    count: int = 0
    pending: int = 0
    zero: int = 0


def read_camt(path: Path) -> tuple[Statement, ...]:
    """Each statement of the file; UnreadableStatement with the line and element of the first fault."""
    statements: list[Statement] = []
    reading: _Reading | None = None
    try:
        for event, element in _elements(path):
            if event == "start":
                if local(element) == "Stmt":
                    reading = _Reading(name=f"Stmt[{len(statements) + 1}]")
            elif reading is not None and local(element) == "Stmt":
                statements.append(_finished(reading, element, file=path.name))
                reading = None
            elif reading is not None and local(element.getparent()) == "Stmt":
                _add(reading, element, file=path.name)
                element.clear()
    except etree.XMLSyntaxError as error:
        line = error.lineno or 0
        raise UnreadableStatement(Place(file=path.name, line=line), f"expected sound XML: {error.msg}") from None
    if not statements:
        raise UnreadableStatement(Place(file=path.name), "expected a statement: BkToCstmrStmt/Stmt")
    return tuple(statements)


def _elements(path: Path) -> Iterator[tuple[str, etree._Element]]:
    """Starts and ends of elements, once the root has shown that this is the right kind of document."""
    checked = False
    with path.open("rb") as file:
        parser = etree.iterparse(
            file,
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        for event, element in parser:
            if not checked:
                _check_root(element, file=path.name)
                checked = True
            yield event, element


def _check_root(root: etree._Element, *, file: str) -> None:
    place = Place(file=file, line=root.sourceline or 1, name=local(root))
    if root.getroottree().docinfo.doctype:
        raise UnreadableStatement(place, "expected XML without a document type (DOCTYPE), which no bank sends")
    found = _MESSAGE.fullmatch(str(root.tag))
    if found is None:
        raise UnreadableStatement(place, f"expected the root of camt.053, Document, got {root.tag}")
    if found[1] not in _VERSIONS:
        expected = "expected camt.053.001.02 to camt.053.001.13, the end of day statement"
        raise UnreadableStatement(place, f"{expected}, got {found[1]}")


def _add(reading: _Reading, element: etree._Element, *, file: str) -> None:
    place = Place(file=file, line=element.sourceline or 0, name=f"{reading.name}/{local(element)}")
    match local(element):
        case "Id":
            reading.number = (element.text or "").strip()
        case "StmtPgntn":
            reading.page = text_of(element, "PgNb")
        case "Acct":
            reading.account = text_of(element, "Id", "IBAN") or text_of(element, "Id", "Othr", "Id")
            reading.currency = text_of(element, "Ccy")
        case "Bal":
            _add_balance(reading, element, place)
        case "Ntry":
            reading.count += 1
            name = f"{reading.name}/Ntry[{reading.count}]"
            found = read_entry(element, Place(file=file, line=place.line, name=name))
            reading.entries += found or ()
            reading.pending += found is None
            reading.zero += found == ()
        case _:
            pass


def _add_balance(reading: _Reading, balance: etree._Element, place: Place) -> None:
    code = text_of(balance, "Tp", "CdOrPrtry", "Cd")
    if code not in {"OPBD", "PRCD", "CLBD"}:
        return
    amount, currency = minor_of(only(balance, "Amt", place), place)
    reading.currency = reading.currency or currency
    signed = -amount if text_of(balance, "CdtDbtInd") == "DBIT" else amount
    if code == "CLBD":
        reading.closing = signed
    elif reading.opening is None or code == "OPBD":
        reading.opening = signed


def _finished(reading: _Reading, element: etree._Element, *, file: str) -> Statement:
    place = Place(file=file, line=element.sourceline or 0, name=reading.name)
    if not reading.account:
        raise UnreadableStatement(place, "expected Acct/Id, the account")
    for index, entry in enumerate(reading.entries, start=1):
        reading.currency = reading.currency or entry.currency
        if entry.currency != reading.currency:
            message = f"expected {reading.currency}, the account's currency, got {entry.currency} (entry {index})"
            raise UnreadableStatement(place, message)
    return Statement(
        format=StatementFormat.CAMT053,
        account=reading.account,
        number=reading.number,
        page=reading.page,
        currency=reading.currency,
        entries=tuple(reading.entries),
        opening=reading.opening,
        closing=reading.closing,
        pending=reading.pending,
        zero=reading.zero,
    )
