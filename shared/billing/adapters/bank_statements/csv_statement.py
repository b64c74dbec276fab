"""A bank's CSV file as one statement, by a mapping of its columns. It has no balances to check."""

import csv
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from io import StringIO
from pathlib import Path

from billing.adapters.bank_statements.csv_mapping import CsvMapping
from billing.adapters.bank_statements.statement_text import read_text
from billing.adapters.bank_statements.unreadable import Place, UnknownColumns, UnreadableStatement, minor_units
from billing.domain.bank import BankEntry, EntryKind, Statement, StatementFormat
from billing.domain.errors import InvalidInput

_DELIMITERS = ",;\t|"
_GROUPS = re.compile(r"[-+]?[0-9]{1,3}(?:(?P<sign>[.,' ])[0-9]{3})(?:(?P=sign)[0-9]{3})*(?:[.,][0-9]+)?")

Row = tuple[Place, Mapping[str, str]]


def read_csv(path: Path, *, mapping: CsvMapping) -> tuple[Statement, ...]:
    """The file's booked entries; UnreadableStatement with line and column for the first fault."""
    text = read_text(path, encoding=mapping.encoding)
    entries: list[BankEntry | None] = []
    accounts: dict[str, Place] = {}
    pending = 0
    for place, row in _rows(text, file=path.name, mapping=mapping):
        accounts.setdefault(_cell(row, mapping.columns.account), place)
        status = _cell(row, mapping.columns.status)
        if status and not _is_one_of(status, mapping.booked):
            pending += 1
            continue
        entries.append(_entry(row, place, mapping=mapping))
    if len(accounts) > 1:
        place = list(accounts.values())[1]
        raise UnreadableStatement(_at(place, mapping.columns.account), f"expected one account, got {sorted(accounts)}")
    return (
        Statement(
            format=StatementFormat.CSV,
            account=next(iter(accounts), ""),
            number="",
            currency=mapping.currency,
            entries=tuple(each for each in entries if each is not None),
            pending=pending,
            zero=entries.count(None),
        ),
    )


def _rows(text: str, *, file: str, mapping: CsvMapping) -> Iterator[Row]:
    """The cells by column of each row that is not empty, with its line."""
    lines = text.split("\n", mapping.skip_lines)[-1] if mapping.skip_lines else text
    header = lines.partition("\n")[0]
    delimiter: str = mapping.delimiter or max(*_DELIMITERS, key=header.count)
    reader = csv.reader(StringIO(lines, newline=""), delimiter=delimiter, strict=True)
    columns: list[str] = []
    line = mapping.skip_lines + 1
    try:
        for cells in reader:
            place = Place(file=file, line=line)
            line = mapping.skip_lines + reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns = _checked_header(cells, place, mapping=mapping)
                continue
            if len(cells) != len(columns):
                raise UnreadableStatement(place, f"expected {len(columns)} cells as in the header, got {len(cells)}")
            yield place, dict(zip(columns, (cell.strip() for cell in cells), strict=True))
    except csv.Error as error:
        raise UnreadableStatement(Place(file=file, line=line), f"expected sound CSV: {error}") from None


def _checked_header(cells: list[str], place: Place, *, mapping: CsvMapping) -> list[str]:
    names = [cell.strip() for cell in cells]
    columns = mapping.columns
    needed = [columns.booked_on, *columns.amounts, *columns.remittance]
    needed += [] if mapping.currency else [columns.currency]
    if missing := [name for name in needed if name not in names]:
        raise UnknownColumns(place, f"expected the columns {', '.join(missing)}, got {', '.join(names)[:200]}")
    if twice := sorted({name for name in names if name and names.count(name) > 1}):
        raise UnreadableStatement(place, f"the column {twice[0]} stands twice in the header")
    return names


def _entry(row: Mapping[str, str], place: Place, *, mapping: CsvMapping) -> BankEntry | None:
    """The row's entry, or None for one of 0."""
    columns = mapping.columns
    currency = _cell(row, columns.currency) or mapping.currency
    booked_on = _date(row, columns.booked_on, place, mapping=mapping)
    valued_on = _date(row, columns.valued_on, place, mapping=mapping) if _cell(row, columns.valued_on) else booked_on
    amount = _amount(row, currency, place, mapping=mapping)
    if not amount:
        return None
    return BankEntry(
        kind=_kind(row, amount, place, mapping=mapping),
        amount=abs(amount),
        currency=currency,
        booked_on=booked_on,
        valued_on=valued_on,
        remittance="\n".join(filter(None, (_cell(row, name) for name in columns.remittance))),
        payer=_cell(row, columns.payer),
        payer_iban=_cell(row, columns.payer_iban).replace(" ", "").upper(),
        end_to_end_id=_cell(row, columns.end_to_end_id),
        bank_reference=_cell(row, columns.bank_reference),
    )


def _amount(row: Mapping[str, str], currency: str, place: Place, *, mapping: CsvMapping) -> int:
    """Minor units, less than 0 for money out where the amount is signed or has a column of its own."""
    columns = mapping.columns
    if not columns.money_in:
        return _minor(row, columns.amount, currency, place, mapping=mapping)
    told = {name: _minor(row, name, currency, place, mapping=mapping) for name in columns.amounts if _cell(row, name)}
    money_in, money_out = told.get(columns.money_in, 0), abs(told.get(columns.money_out, 0))
    if not told or (money_in and money_out):
        given = " and ".join(repr(_cell(row, name)) for name in columns.amounts)
        message = f"expected an amount in {columns.money_in} or in {columns.money_out}, got {given}"
        raise UnreadableStatement(place, message)
    if money_in < 0:
        message = (
            f"expected 0 or more, got {_cell(row, columns.money_in)!r}; what goes out stands in {columns.money_out}"
        )
        raise UnreadableStatement(_at(place, columns.money_in), message)
    return money_in - money_out


def _minor(row: Mapping[str, str], column: str, currency: str, place: Place, *, mapping: CsvMapping) -> int:
    given = row[column]
    text = given.replace("\u2212", "-").replace("\u00a0", " ")
    found = _GROUPS.fullmatch(text)
    if found and found["sign"] != mapping.decimal_sign:
        text = text.replace(found["sign"], "")
    if mapping.decimal_sign == ",":
        text = text.translate({ord(","): ".", ord("."): ","})  # so that a wrong sign is still wrong
    try:
        return minor_units(text, currency)
    except InvalidInput as error:
        raise UnreadableStatement(_at(place, column), f"expected {error.expected}, got {given!r}") from None


def _kind(row: Mapping[str, str], amount: int, place: Place, *, mapping: CsvMapping) -> EntryKind:
    direction = _cell(row, mapping.columns.direction)
    if mapping.columns.money_in or not direction:
        is_reversal = _is_one_of(direction, mapping.reversal)
        return EntryKind.CREDIT if amount > 0 else EntryKind.CREDIT_REVERSED if is_reversal else EntryKind.DEBIT
    for words, kind in (
        (mapping.credit, EntryKind.CREDIT),
        (mapping.debit, EntryKind.DEBIT),
        (mapping.reversal, EntryKind.CREDIT_REVERSED),
    ):
        if _is_one_of(direction, words):
            return kind
    expected = ", ".join((*mapping.credit, *mapping.debit, *mapping.reversal))
    raise UnreadableStatement(_at(place, mapping.columns.direction), f"expected one of {expected}, got {direction!r}")


def _date(row: Mapping[str, str], column: str, place: Place, *, mapping: CsvMapping) -> date:
    try:
        return datetime.strptime(row[column], mapping.date_format).date()  # noqa: DTZ007 - a day, without a zone
    except ValueError:
        message = f"expected a date like {mapping.date_format}, got {row[column]!r}"
        raise UnreadableStatement(_at(place, column), message) from None


def _cell(row: Mapping[str, str], column: str) -> str:
    return row.get(column, "")


def _is_one_of(text: str, words: tuple[str, ...]) -> bool:
    return text.casefold() in {word.casefold() for word in words}


def _at(place: Place, column: str) -> Place:
    return Place(file=place.file, line=place.line, name=column)
