"""Bank statements written as files, for the samples and for tests: what the readers must read back."""

from collections.abc import Iterable, Sequence
from textwrap import wrap
from xml.sax.saxutils import escape

from billing.domain.bank import BankEntry, EntryKind, Statement
from billing.domain.money import Money

_CAMT_SIGNS = {
    EntryKind.CREDIT: ("CRDT", "false"),
    EntryKind.DEBIT: ("DBIT", "false"),
    EntryKind.CREDIT_REVERSED: ("DBIT", "true"),
    EntryKind.DEBIT_REVERSED: ("CRDT", "true"),
}
_SWIFT_SIGNS = {
    EntryKind.CREDIT: "C",
    EntryKind.DEBIT: "D",
    EntryKind.CREDIT_REVERSED: "RC",
    EntryKind.DEBIT_REVERSED: "RD",
}
CSV_HEADER = (
    "booked_on,valued_on,direction,amount,currency,payer,payer_iban,remittance,end_to_end_id,bank_reference,account"
)


def camt(statements: Sequence[Statement], *, version: str = "08") -> str:
    """A camt.053 message of one version, 02 or 08."""
    body = "".join(_camt_statement(each, version=version) for each in statements)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}">\n'
        " <BkToCstmrStmt>\n"
        "  <GrpHdr><MsgId>MSG-1</MsgId><CreDtTm>2026-03-31T22:00:00Z</CreDtTm></GrpHdr>\n"
        f"{body} </BkToCstmrStmt>\n</Document>\n"
    )


def mt940(statements: Sequence[Statement]) -> str:
    """MT940 messages, a page each, with :86: in the subfields of German banks, cut at 27 characters."""
    return "".join(map(_message, statements))


def csv(statements: Sequence[Statement], *, header: str = CSV_HEADER) -> str:
    """A CSV file with the columns that are read without a mapping."""
    rows = [_row(entry, each.account) for each in statements for entry in each.entries]
    return "\n".join([header, *rows]) + "\n"


def _camt_statement(statement: Statement, *, version: str) -> str:
    page = f"   <StmtPgntn><PgNb>{statement.page}</PgNb><LastPgInd>false</LastPgInd></StmtPgntn>\n"
    balances = "".join(
        _camt_balance(code, amount, statement.currency)
        for code, amount in (("OPBD", statement.opening), ("CLBD", statement.closing))
        if amount is not None
    )
    entries = "".join(_camt_entry(each, version=version) for each in statement.entries)
    return (
        f"  <Stmt>\n   <Id>{statement.number}</Id>\n{page if statement.page else ''}"
        "   <CreDtTm>2026-03-31T22:00:00Z</CreDtTm>\n"
        f"   <Acct><Id><IBAN>{statement.account}</IBAN></Id><Ccy>{statement.currency}</Ccy></Acct>\n"
        f"{balances}{entries}  </Stmt>\n"
    )


def _camt_balance(code: str, amount: int, currency: str) -> str:
    sign = "DBIT" if amount < 0 else "CRDT"
    return (
        f"   <Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="{currency}">{_major(abs(amount), currency)}</Amt>'
        f"<CdtDbtInd>{sign}</CdtDbtInd><Dt><Dt>2026-03-31</Dt></Dt></Bal>\n"
    )


def _camt_entry(entry: BankEntry, *, version: str) -> str:
    direction, reversal = _CAMT_SIGNS[entry.kind]
    new = version >= "08"
    name = f"<Nm>{escape(entry.payer)}</Nm>"
    payer = f"<Dbtr>{f'<Pty>{name}</Pty>' if new else name}</Dbtr>" if entry.payer else ""
    account = f"<DbtrAcct><Id><IBAN>{entry.payer_iban}</IBAN></Id></DbtrAcct>" if entry.payer_iban else ""
    references = f"<AcctSvcrRef>{escape(entry.bank_reference)}</AcctSvcrRef>" if entry.bank_reference else ""
    references += f"<EndToEndId>{escape(entry.end_to_end_id) or 'NOTPROVIDED'}</EndToEndId>"
    text = "".join(f"<Ustrd>{escape(line)}</Ustrd>" for line in entry.remittance.split("\n") if line)
    return (
        f'   <Ntry>\n    <Amt Ccy="{entry.currency}">{_major(entry.amount, entry.currency)}</Amt>'
        f"<CdtDbtInd>{direction}</CdtDbtInd><RvslInd>{reversal}</RvslInd>\n"
        f"    <Sts>{'<Cd>BOOK</Cd>' if new else 'BOOK'}</Sts>"
        f"<BookgDt><Dt>{entry.booked_on}</Dt></BookgDt><ValDt><Dt>{entry.valued_on}</Dt></ValDt>\n"
        f"    <BkTxCd/><NtryDtls><TxDtls><Refs>{references}</Refs>\n"
        f"     <RltdPties>{payer}{account}</RltdPties>\n"
        f"     <RmtInf>{text}</RmtInf></TxDtls></NtryDtls>\n   </Ntry>\n"
    )


def _message(statement: Statement) -> str:
    day = statement.entries[-1].booked_on if statement.entries else None
    date = f"{day:%y%m%d}" if day else "260331"
    lines = [
        f":20:STMT{statement.number}",
        f":25:{statement.account}",
        f":28C:{statement.number}/{statement.page or '1'}",
    ]
    lines += _balance(":60F:", statement.opening, statement.currency, date)
    lines += [line for each in statement.entries for line in _lines_of(each)]
    lines += _balance(":62F:", statement.closing, statement.currency, date)
    return "\r\n".join([*lines, "-", ""])


def _balance(tag: str, amount: int | None, currency: str, date: str) -> Iterable[str]:
    if amount is not None:
        yield f"{tag}{'D' if amount < 0 else 'C'}{date}{currency}{_swift(abs(amount), currency)}"


def _lines_of(entry: BankEntry) -> Iterable[str]:
    sign, amount = _SWIFT_SIGNS[entry.kind], _swift(entry.amount, entry.currency)
    reference = f"//{entry.bank_reference[:16]}" if entry.bank_reference else ""
    yield f":61:{entry.valued_on:%y%m%d}{entry.booked_on:%m%d}{sign}{amount}NTRFNONREF{reference}"
    yield from wrap_86(entry)


def wrap_86(entry: BankEntry) -> list[str]:
    """The subfields of :86:, two on a line."""
    end_to_end = f"EREF+{entry.end_to_end_id}" if entry.end_to_end_id else ""
    purpose = [*_cut(end_to_end), *_cut(f"SVWZ+{entry.remittance.replace(chr(10), ' ')}")]
    fields = [f"?00TRANSFER{''}", *(f"?{number}{part}" for number, part in zip(range(20, 30), purpose, strict=False))]
    fields += [f"?31{entry.payer_iban}"] if entry.payer_iban else []
    fields += [f"?{number}{part}" for number, part in zip((32, 33), _cut(entry.payer), strict=False)]
    return ["\r\n".join([f":86:166{fields[0]}", *fields[1:]])]


def _cut(text: str) -> list[str]:
    """Pieces of 27 characters that neither begin nor end with a blank, which would be lost."""
    return wrap(text, 27, break_long_words=True, break_on_hyphens=False) if text else []


def _row(entry: BankEntry, account: str) -> str:
    direction = {"C": "credit", "D": "debit", "RC": "reversal"}.get(_SWIFT_SIGNS[entry.kind], "debit")
    cells = [
        f"{entry.booked_on}",
        f"{entry.valued_on}",
        direction,
        _major(entry.amount, entry.currency),
        entry.currency,
        entry.payer,
        entry.payer_iban,
        entry.remittance,
        entry.end_to_end_id,
        entry.bank_reference,
        account,
    ]
    return ",".join(_cell(each) for each in cells)


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if set(text) & set('",\n') else text


def _major(minor: int, currency: str) -> str:
    return str(Money(minor, currency).amount)


def _swift(minor: int, currency: str) -> str:
    text = _major(minor, currency).replace(".", ",")
    return text if "," in text else f"{text},"
