"""Statements as files: every format read back as it was written, and what is wrong with a file told with its place."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.adapters.bank_statements import CsvMapping, load_mapping, read_statements
from billing.adapters.bank_statements.unreadable import UnreadableStatement
from billing.domain.bank import BankEntry, EntryKind, Statement, StatementFormat
from tests import statement_files

IBAN = "DE89370400440532013000"


def an_entry(**changes: Any) -> BankEntry:  # noqa: ANN401 - any field of the dataclass
    entry = BankEntry(
        kind=EntryKind.CREDIT,
        amount=31291,
        currency="USD",
        booked_on=date(2026, 3, 3),
        valued_on=date(2026, 3, 2),
        remittance="Invoice INV-2026-02-0047",
        payer="Lumen Health GmbH",
        payer_iban="DE02120300000000202051",
        end_to_end_id="E2E-4711",
        bank_reference="2026030300000047",
    )
    return replace(entry, **changes)


def a_statement(*entries: BankEntry, **changes: Any) -> Statement:  # noqa: ANN401
    moved = sum(
        each.amount if each.kind in {EntryKind.CREDIT, EntryKind.DEBIT_REVERSED} else -each.amount for each in entries
    )
    statement = Statement(
        format=StatementFormat.CAMT053,
        account=IBAN,
        number="3",
        page="1",
        currency="USD",
        opening=100_000,
        closing=100_000 + moved,
        entries=entries,
    )
    return replace(statement, **changes)


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., tuple[Statement, ...]]:
    """Write text or bytes and read them as a statement."""

    def read(content: str | bytes, name: str = "march.txt", **options: Any) -> tuple[Statement, ...]:  # noqa: ANN401
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_statements(path, **options)

    return read


@pytest.mark.parametrize("version", ["02", "08", "09", "13"])
def test_camt_is_read_back_as_it_was_written(read: Callable, version: str) -> None:
    entries = [an_entry(kind=kind, amount=100 + index) for index, kind in enumerate(EntryKind)]
    statement = a_statement(*entries, an_entry(remittance="a & b\n<INV-1>", payer_iban="", bank_reference=""))
    assert read(statement_files.camt([statement], version=version)) == (statement,)


def test_mt940_is_read_back_as_it_was_written(read: Callable) -> None:
    entries = [an_entry(kind=kind, amount=100 + index) for index, kind in enumerate(EntryKind)]
    statement = a_statement(*entries, format=StatementFormat.MT940)
    assert read(statement_files.mt940([statement])) == (statement,)


def test_csv_is_read_back_as_it_was_written_but_for_number_and_balances(read: Callable) -> None:
    kinds = [EntryKind.CREDIT, EntryKind.DEBIT, EntryKind.CREDIT_REVERSED]
    statement = a_statement(*[an_entry(kind=kind, remittance='a "b", c') for kind in kinds], format=StatementFormat.CSV)
    [found] = read(statement_files.csv([statement]))
    assert found == replace(statement, number="", page="", currency="", opening=None, closing=None)


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=30)


@settings(max_examples=40)
@given(words=st.lists(WORDS, max_size=6), amount=st.integers(1, 10**15), yen=st.booleans())
def test_any_text_and_amount_survives_camt_and_csv(
    tmp_path_factory: pytest.TempPathFactory, words: list[str], amount: int, yen: bool
) -> None:
    entry = an_entry(remittance=" ".join(words), amount=amount, currency="JPY" if yen else "USD")
    statement = a_statement(entry, currency=entry.currency)
    path = tmp_path_factory.mktemp("files") / "any"
    path.write_text(statement_files.camt([statement]), encoding="utf-8")
    assert read_statements(path) == (statement,)
    path.write_text(statement_files.csv([statement]), encoding="utf-8")
    assert read_statements(path)[0].entries == (entry,)


def test_a_reference_cut_by_mt940_is_whole_but_for_blanks(read: Callable) -> None:
    entry = an_entry(remittance="Rechnung vom Februar, Kunde 1047: INV-2026-02-0047", end_to_end_id="")
    [statement] = read(statement_files.mt940([a_statement(entry)]))
    assert statement.entries[0].remittance.replace(" ", "") == entry.remittance.replace(" ", "")


MT940 = """{{1:F01COBADEFFXXXX0000000000}}{{2:O9400000000000}}{{4:
:20:STMT
:25:37040044/0532013000USD
:28C:00012/002
:60M:C260301USD100,
:61:{first}
:86:{details}
:62M:C260303USD150,
:64:C260303USD150,
:86:Account information INV-2026-02-0001
-}}
"""


@pytest.mark.parametrize(
    ("first", "kind", "reference"),
    [
        ("2603020303C50,00NTRFNONREF//B-1", EntryKind.CREDIT, "B-1"),
        ("2603020303RD50,NTRFNONREF", EntryKind.DEBIT_REVERSED, ""),
        ("260302C50,00NMSCINV-2026-02-0047//12345678\n/OCMT/USD50,00/", EntryKind.CREDIT, "12345678"),
        ("2603020303CR50,00", EntryKind.CREDIT, ""),
    ],
)
def test_mt940_as_other_banks_write_it(read: Callable, first: str, kind: EntryKind, reference: str) -> None:
    details = "/TRTP/SEPA/IBAN/NL91ABNA0417164300/NAME/Ada & Co/REMI/inv 2026\n-02-0047/EREF/E-77/"
    [statement] = read(MT940.format(first=first, details=details))
    assert (statement.account, statement.number, statement.page) == ("37040044/0532013000USD", "00012", "002")
    assert (statement.opening, statement.closing) == (10_000, 15_000)
    [entry] = statement.entries
    assert (entry.kind, entry.amount, entry.bank_reference) == (kind, 5000, reference)
    assert (entry.payer, entry.payer_iban, entry.end_to_end_id) == ("Ada & Co", "NL91ABNA0417164300", "E-77")
    assert "0001" not in entry.remittance
    assert entry.valued_on == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("details", "given"),
    [
        ("166?00TRANSFER?20EREF+INV-2026-02-0004?21MTLG:x?22SVWZ+thanks", "INV-2026-02-0004"),
        ("166?00TRANSFER?20EREF+INV 2026-02?21-0004?22MTLG+x y", "INV 2026-02-0004"),
        ("166?00TRANSFER?20EREF+INV-2026-02?21-0004?22SVWZ+ABCD:x", "INV-2026-02-0004"),
        ("166?00TRANSFER?20EREF+ABCD:4711", "ABCD:4711"),
    ],
)
def test_an_end_to_end_id_ends_where_a_subfield_begins_with_another_word(
    read: Callable, details: str, given: str
) -> None:
    [statement] = read(MT940.format(first="2603020303C50,00NTRFNONREF", details=details))
    assert statement.entries[0].end_to_end_id == given


def test_entries_without_a_type_stay_apart(read: Callable) -> None:
    text = MT940.format(first="260302C20,00\n:86:one\n:61:260302C30,00", details="two")
    assert [each.amount for each in read(text)[0].entries] == [2000, 3000]


CAMT = statement_files.camt([a_statement(an_entry())])


def test_a_collected_entry_is_as_many_transactions_as_it_has(read: Callable) -> None:
    parts = "".join(
        f"<TxDtls><Refs><EndToEndId>E-{cents}</EndToEndId></Refs>"
        f'<AmtDtls><TxAmt><Amt Ccy="USD">{cents}.00</Amt></TxAmt></AmtDtls>'
        f"<RmtInf><Strd><CdtrRefInf><Ref>RF18{cents}</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>"
        for cents in (100, 212)
    )
    start, end = CAMT.index("<TxDtls>"), CAMT.index("</TxDtls>") + len("</TxDtls>")
    whole = CAMT.replace("312.91", "312.00").replace("1312.91", "1312.00")
    found = read(whole.replace(CAMT[start:end].replace("312.91", "312.00"), parts))[0].entries
    assert [(each.amount, each.remittance, each.end_to_end_id) for each in found] == [
        (10_000, "RF18100", "E-100"),
        (21_200, "RF18212", "E-212"),
    ]
    uneven = read(whole.replace(CAMT[start:end], parts.replace("212.00", "200.00")))[0].entries
    assert [(each.amount, each.remittance) for each in uneven] == [(31_200, "RF18100\nRF18212")]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (("<BkTxCd/>", "<BkTxCd/>"), EntryKind.CREDIT),
        (("CRDT</CdtDbtInd><RvslInd>false", "DBIT</CdtDbtInd><RvslInd>1"), EntryKind.CREDIT_REVERSED),
        (("CRDT</CdtDbtInd><RvslInd>false", "CRDT</CdtDbtInd><RvslInd>true"), EntryKind.DEBIT_REVERSED),
        (("CRDT</CdtDbtInd><RvslInd>false</RvslInd>", "DBIT</CdtDbtInd>"), EntryKind.DEBIT),
    ],
)
def test_the_direction_and_the_mark_of_reversal_tell_the_kind(
    read: Callable, change: tuple[str, str], kind: EntryKind
) -> None:
    assert read(CAMT.replace(*change))[0].entries[0].kind is kind


def test_a_debit_with_return_information_takes_a_credit_back(read: Callable) -> None:
    text = CAMT.replace("CRDT</CdtDbtInd><RvslInd>false</RvslInd>", "DBIT</CdtDbtInd>")
    returned = text.replace("</TxDtls>", "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf></TxDtls>")
    assert read(returned)[0].entries[0].kind is EntryKind.CREDIT_REVERSED


def test_what_is_not_booked_yet_is_counted_and_left(read: Callable) -> None:
    [statement] = read(CAMT.replace("<Cd>BOOK</Cd>", "<Cd>PDNG</Cd>"))
    assert (statement.entries, statement.pending) == ((), 1)


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "utf-8-sig"])
def test_camt_in_another_encoding(read: Callable, encoding: str) -> None:
    named = CAMT.replace("UTF-8", encoding.removesuffix("-sig")).replace("Lumen", "Lümen")
    assert read(named.encode(encoding))[0].entries[0].payer == "Lümen Health GmbH"


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-8-sig"])
def test_csv_and_mt940_as_windows_writes_them(read: Callable, encoding: str) -> None:
    entry = an_entry(payer="Müller")
    for written in (statement_files.csv([a_statement(entry)]), statement_files.mt940([a_statement(entry)])):
        assert read(written.encode(encoding))[0].entries[0].payer == "Müller"


BOMB = '<!DOCTYPE Document [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'

WRONG: dict[str, tuple[str | bytes, str]] = {
    "empty": (" \n", r"march.txt: the file is empty"),
    "zip": (b"PK\x03\x04...", "got a ZIP archive; unpack it first"),
    "a document type": (
        CAMT.replace("<Document", f"{BOMB}<Document").replace("Invoice", "&b;"),
        "march.txt:2: Document: .*DOCTYPE",
    ),
    "another message": (
        CAMT.replace("camt.053.001.08", "camt.054.001.08"),
        "march.txt:2: Document: .*got camt.054.001.08",
    ),
    "a later version": (CAMT.replace("001.08", "001.14"), "expected camt.053.001.02 to camt.053.001.13"),
    "half of utf-16": (b"\xff\xfea\0b", "march.txt:1: expected utf-16, got the byte 0x62"),
    "another root": ("<html></html>", "march.txt:1: html: expected the root of camt.053"),
    "broken": (CAMT[:-40], r"march.txt:\d+: expected sound XML"),
    "no statement": (CAMT[: CAMT.index("  <Stmt>")] + "</BkToCstmrStmt></Document>", "BkToCstmrStmt/Stmt"),
    "an amount": (CAMT.replace('"USD">312.91<', '"USD">312.911<'), r"march.txt:13: Stmt\[1\]/Ntry\[1\]/Amt: .*312.911"),
    "a negative amount": (CAMT.replace('"USD">312.91<', '"USD">-1.00<'), "expected 0 or more, got -1.00"),
    "no direction": (
        CAMT.replace("CRDT</CdtDbtInd><RvslInd>", "</CdtDbtInd><RvslInd>"),
        r"Ntry\[1\]: expected CRDT or DBIT",
    ),
    "a day": (CAMT.replace("2026-03-03", "2026-02-30"), r"Ntry\[1\]/BookgDt: expected a date"),
    "no day": (CAMT.replace("BookgDt", "X").replace("ValDt", "Y"), "expected BookgDt or ValDt"),
    "no account": (CAMT.replace("IBAN>" + IBAN, "IBAN>"), r"Stmt\[1\]: expected Acct/Id"),
    "no amount": (CAMT.replace('<Amt Ccy="USD">312.91</Amt>', ""), r"Ntry\[1\]: expected Amt, which is missing"),
    "another currency": (
        CAMT.replace('"USD">312.91<', '"EUR">312.91<'),
        "expected USD, the account's currency, got EUR",
    ),
    "an mt940 line": (MT940.format(first="26XX", details=""), "march.txt:6: :61:: can't be read as MT940: '26XX'"),
    "an mt940 date": (MT940.format(first="261332C5,00NTRFX", details=""), "march.txt:2: can't be read as MT940"),
    "an mt940 amount": (MT940.format(first="260302C5,001NTRFX", details=""), "march.txt:6: :61:: amount"),
    "no balance": (":20:x\n:25:1\n:28C:1\n", "expected :60F: and :62F:"),
    "no mt940": (":25:x\n", "begins with the tag :20:"),
    "no column": ("a,b\n1,2\n", "march.txt:1: expected the columns booked_on, amount, remittance, currency, got a, b"),
    "utf-16 csv": ("a,b".encode("utf-16"), "expected the columns .*, got a, b"),
    "a nul": ("a\0b", "got a NUL character"),
    "no csv at all": ('booked_on,amount,remittance,currency\n"2026', "march.txt:2: expected sound CSV"),
    "too few cells": ("booked_on,amount,remittance,currency\n2026-03-01,5\n", "march.txt:2: expected 4 cells"),
    "a csv amount": (
        "booked_on,amount,remittance,currency\n2026-03-01,5.001,x,USD\n",
        "march.txt:2: amount: expected at most 2 decimals, got '5.001'",
    ),
    "a csv date": (
        "booked_on,amount,remittance,currency\n1.3.2026,5,x,USD\n",
        "march.txt:2: booked_on: expected a date",
    ),
    "a column twice": ("booked_on,amount,remittance,currency,amount\n", "the column amount stands twice"),
    "a direction": (
        "booked_on,amount,remittance,currency,direction\n2026-03-01,5,x,USD,up\n",
        "march.txt:2: direction: expected one of C, CRDT",
    ),
    "two accounts": (
        "booked_on,amount,remittance,currency,account\n2026-03-01,5,x,USD,A\n2026-03-01,5,x,USD,B\n",
        "one account",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_file_is_told_with_its_place(read: Callable, name: str) -> None:
    content, message = WRONG[name]
    with pytest.raises(UnreadableStatement, match=message):
        read(content)


GERMAN = """Umsätze vom 31.03.2026

"Buchungstag";"Valuta";"Name";"IBAN";"Zweck 1";"Zweck 2";"Betrag";"Status"
"03.03.2026";"02.03.2026";"Müller AG";"DE02 1203 0000 0000 2020 51";"Rechnung";"INV-2026-02-0047";"1.312,91";""
"04.03.2026";"";"Bank";"";"Entgelt";"";"-12,50";"gebucht"
"05.03.2026";"";"Später";"";"x";"";"1,00";"vorgemerkt"
"""


def test_a_bank_s_own_csv_by_a_mapping(read: Callable, tmp_path: Path) -> None:
    mapping = {
        "columns": {
            "booked_on": "Buchungstag",
            "valued_on": "Valuta",
            "payer": "Name",
            "payer_iban": "IBAN",
            "remittance": ["Zweck 1", "Zweck 2"],
            "amount": "Betrag",
            "status": "Status",
        },
        "encoding": "cp1252",
        "skip_lines": 2,
        "date_format": "%d.%m.%Y",
        "decimal_sign": ",",
        "currency": "EUR",
        "booked": ["gebucht"],
    }
    path = tmp_path / "bank.json"
    path.write_text(json.dumps(mapping))
    [statement] = read(GERMAN.encode("cp1252"), mapping=load_mapping(path))
    first, fee = statement.entries
    assert (first.amount, first.remittance, first.payer) == (131_291, "Rechnung\nINV-2026-02-0047", "Müller AG")
    assert (first.payer_iban, first.booked_on, first.valued_on) == (
        "DE02120300000000202051",
        date(2026, 3, 3),
        date(2026, 3, 2),
    )
    assert (fee.kind, fee.amount, statement.pending) == (EntryKind.DEBIT, 1250, 1)
    with pytest.raises(UnreadableStatement, match="expected utf-8, got the byte 0xe4"):
        read(GERMAN.encode("cp1252"), mapping=CsvMapping(encoding="utf-8"))


def test_a_mapping_s_faults_are_named(tmp_path: Path) -> None:
    path = tmp_path / "bank.json"
    path.write_text('{"date_format": "%H", "encoding": "x", "columns": {"betrag": "a"}, "currency": "XXL"}')
    with pytest.raises(UnreadableStatement, match="bank.json: columns.betrag: .*encoding: .*date_format: .*currency: "):
        load_mapping(path)


def test_the_format_can_be_said_instead_of_told_from_the_content(read: Callable) -> None:
    with pytest.raises(UnreadableStatement, match="begins with the tag :20:"):
        read(CAMT, file_format=StatementFormat.MT940)
