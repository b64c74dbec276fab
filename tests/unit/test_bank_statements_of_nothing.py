"""What has an amount of 0, as banks write a fee that was waived or a closing, is counted and stops no statement."""

from dataclasses import replace
from pathlib import Path

import pytest

from billing.adapters.bank_statements import read_statements
from tests.reconciling import a_credit, a_statement, imports, invoices_of_49


def camt(*entries: str) -> str:
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt><Id>1</Id>'
        f"<Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>{''.join(entries)}"
        "</Stmt></BkToCstmrStmt></Document>"
    )


def entry(amount: str, *parts: str) -> str:
    details = "".join(f'<TxDtls><Amt Ccy="EUR">{part}</Amt></TxDtls>' for part in parts)
    return (
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>'
        f"<BookgDt><Dt>2026-03-02</Dt></BookgDt><NtryDtls>{details}</NtryDtls></Ntry>"
    )


MT940 = """:20:S
:25:DE89370400440532013000
:28C:1/1
:60F:C260301EUR0,00
:61:2603020302C0,00NCHGNONREF
:86:Fee waived
:61:2603020302C119,00NTRFNONREF
:86:INV-2026-02-0001
:62F:C260302EUR119,00
"""
CSV = "booked_on,amount,remittance,currency\n2026-03-02,0.00,fee,EUR\n2026-03-02,119.00,x,EUR\n2026-03-02,-0,fee,EUR\n"


@pytest.mark.parametrize(
    ("content", "amounts", "zero"),
    [
        (camt(entry("0.00"), entry("119.00"), entry("0")), [11_900], 2),
        (camt(entry("119.00", "100.00", "0.00", "19.00")), [10_000, 1_900], 0),
        (camt(entry("119.00", "119.00", "0.00")), [11_900], 0),
        (camt(entry("0.00", "0.00")), [], 1),
        (MT940, [11_900], 1),
        (CSV, [11_900], 2),
    ],
)
def test_what_has_no_amount_is_counted_and_left(tmp_path: Path, content: str, amounts: list[int], zero: int) -> None:
    path = tmp_path / "statement"
    path.write_text(content)
    [statement] = read_statements(path)
    assert ([each.amount for each in statement.entries], statement.zero) == (amounts, zero)


def test_an_import_says_how_many_had_no_amount() -> None:
    statement = a_statement(a_credit("INV-2026-02-0001"), zero=2)
    assert imports(invoices_of_49(), statement, replace(statement, number="4")).zero == 4
