"""A statement's file by what is in it: XML is camt.053, tags between colons are MT940, everything else is CSV."""

import re
from pathlib import Path

from billing.adapters.bank_statements.camt import read_camt
from billing.adapters.bank_statements.csv_mapping import CsvMapping
from billing.adapters.bank_statements.csv_statement import read_csv
from billing.adapters.bank_statements.mt940_statement import read_mt940
from billing.adapters.bank_statements.statement_text import plain_head
from billing.adapters.bank_statements.unreadable import Place, UnreadableStatement
from billing.domain.bank import Statement, StatementFormat

LARGEST_FILE = 200 * 1024 * 1024
_HEAD = 4096
_PACKED = {b"PK\x03\x04": "a ZIP archive", b"\x1f\x8b": "a gzip file", b"%PDF": "a PDF"}


def read_statements(
    path: Path,
    *,
    file_format: StatementFormat | None = None,
    mapping: CsvMapping | None = None,
) -> tuple[Statement, ...]:
    """Every statement of a file, whole: nothing is returned of one that has a fault anywhere.

    The format is told from the content where it is not given; `mapping` names a CSV file's columns. Raises
    UnreadableStatement with the place, OSError where the file can't be read.
    """
    place = Place(file=path.name)
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise UnreadableStatement(place, f"expected at most {LARGEST_FILE} bytes, got {size}")
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head.strip():
        raise UnreadableStatement(place, "the file is empty")
    for magic, kind in _PACKED.items():
        if head.startswith(magic):
            raise UnreadableStatement(place, f"expected camt.053, MT940 or CSV, got {kind}; unpack it first")
    match file_format or format_of(head):
        case StatementFormat.CAMT053:
            return read_camt(path)
        case StatementFormat.MT940:
            return read_mt940(path)
        case StatementFormat.CSV:
            return read_csv(path, mapping=mapping or CsvMapping())


def format_of(head: bytes) -> StatementFormat:
    """The format of a file that begins with these bytes."""
    plain = plain_head(head).lstrip()
    if plain.startswith("<"):
        return StatementFormat.CAMT053
    if re.search(r"^:(20|25|28C?|60[FM]|61):", plain, re.MULTILINE):
        return StatementFormat.MT940
    return StatementFormat.CSV
