"""Which numbers stand in a transfer's text, and what follows from them."""

import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum import iso11649

from billing.domain.bank import BankEntry, EntryKind, squeezed
from billing.domain.bank_transaction import Unmatched
from billing.domain.invoice import InvoiceStatus
from billing.domain.matching import (
    CreditNoteNumber,
    Decision,
    Document,
    Matched,
    NotMatched,
    Payable,
    SharedNumber,
    match_entry,
)
from billing.domain.numbering import NumberSeries, Restart
from billing.domain.reference import Ambiguous, named_in, printed_number
from billing.domain.suggestion import is_alike, suggest

BLANKS = st.sampled_from(["", " ", "-", "\n", " - ", ".", "/", "  \n "])


def a_payable(number: str, **changes: Any) -> Payable:  # noqa: ANN401 - any field of the dataclass
    payable = Payable(
        invoice_id=f"id-{number}",
        number=number,
        customer_id="acct-1",
        customer_name="Lumen Health GmbH",
        currency="USD",
        amount_due=4900,
        due_on=date(2026, 3, 31),
        status=InvoiceStatus.ISSUED,
    )
    return replace(payable, **changes)


def an_entry(remittance: str = "", **changes: Any) -> BankEntry:  # noqa: ANN401
    day = date(2026, 3, 3)
    entry = BankEntry(
        kind=EntryKind.CREDIT, amount=4900, currency="USD", booked_on=day, valued_on=day, remittance=remittance
    )
    return replace(entry, **changes)


def known(*documents: Document) -> dict[str, tuple[str, Document]]:
    return {squeezed(each.number): (each.number, each) for each in documents}


def numbers_in(text: str, *numbers: str) -> list[str] | str:
    """The numbers that are found in a text, or `ambiguous`."""
    found = named_in(text, known(*map(a_payable, numbers)), is_creditor_reference=iso11649.is_valid)
    return "ambiguous" if isinstance(found, Ambiguous) else [each.number for each in found]


NUMBER = "INV-2026-02-0047"


@pytest.mark.parametrize(
    "text",
    [
        "INV-2026-02-0047",
        "inv-2026-02-0047",
        "Inv 2026-02 0047",
        "inv202602\n0047",
        "INV-2026-0\n2-0047",
        "I N V 2 0 2 6 0 2 0 0 4 7",
        "Rechnung: INV/2026/02/0047, danke",
        "(INV-2026-02-0047)",
        "Ｉnv 2026 02 ００47",  # full-width letters, as some keyboards type them
        "INV_2026_02_0047.",
        "Kd. 10 INV-2026-02-0047 7 Stück",
    ],
)
def test_a_number_is_found_whatever_case_blanks_and_punctuation(text: str) -> None:
    assert numbers_in(text, NUMBER) == [NUMBER]


@pytest.mark.parametrize(
    "text",
    [
        "INV-2026-02-00047",
        "INV-2026-02-00471",
        "10INV-2026-02-0047",
        "XINV-2026-02-0047",
        "INV-2026-02-0047A",
        "INV-2026-02-004",
        "INV-2026-02",
        "2026-02-0047",
        "RechnungINV-2026-02-0047",
        "ÄINV-2026-02-0047",
        "",
    ],
)
def test_a_part_of_a_longer_word_or_number_is_none(text: str) -> None:
    assert numbers_in(text, NUMBER) == []


def creditor(payload: str) -> str:
    """An ISO 11649 reference: 98 less the remainder by 97 of payload, RF and 00, with letters as 10 to 35."""
    digits = "".join(str(int(character, 36)) for character in f"{payload}RF00")
    return f"RF{98 - int(digits) % 97:02}{payload}"


def test_creditor_references_count_where_their_check_digits_do() -> None:
    right = creditor("INV2026020047")
    assert numbers_in(f"x {right} y", NUMBER) == [NUMBER]
    in_fours = " ".join(right[at : at + 4] for at in range(0, len(right), 4)).lower()
    assert numbers_in(in_fours, NUMBER) == [NUMBER]
    wrong = f"RF{(int(right[2:4]) + 1) % 100:02}{right[4:]}"
    assert numbers_in(wrong, NUMBER) == []
    assert numbers_in(" ".join([wrong[:4], wrong[4:]]), NUMBER) == []


def test_a_word_that_is_longer_than_any_number_ends_the_search() -> None:
    assert numbers_in(f"{'9' * 61} INV-2026-02-0047", NUMBER) == [NUMBER]
    assert numbers_in(f"INV-2026-02-0047 {'9' * 61}", NUMBER) == [NUMBER]


def test_several_numbers_are_found_in_the_order_of_the_text() -> None:
    numbers = ["INV-2026-01-0012", NUMBER]
    assert numbers_in("INV-2026-02-0047 + INV-2026-01-0012 + INV-2026-02-0047", *numbers) == [NUMBER, numbers[0]]


def test_digits_that_may_belong_to_either_of_two_numbers_are_ambiguous() -> None:
    assert numbers_in("INV-2026-02-1000 1", "INV-2026-02-1000", "INV-2026-02-10001") == "ambiguous"
    assert numbers_in("INV-2026-02-1000 1", "INV-2026-02-1000") == ["INV-2026-02-1000"]
    assert numbers_in("INV-2026-02-1000 1", "INV-2026-02-10001") == ["INV-2026-02-10001"]


@pytest.mark.parametrize(
    ("text", "number", "found"),
    [
        ("2026-0212", "2026-0212", True),
        ("20260212", "2026-0212", True),
        ("vom 2026-02-12", "2026-0212", False),
        ("20 260 212", "2026-0212", False),
        ("0047", "0047", False),
    ],
)
def test_a_number_of_digits_alone_is_no_date_and_no_amount(text: str, number: str, found: bool) -> None:
    assert numbers_in(text, number) == ([number] if found else [])


PIECES = st.lists(st.sampled_from([*"0123", "INV", "inv", "2026", "02", "x", " ", "-", "\n", ", "]), max_size=30)


@given(pieces=PIECES, sequences=st.sets(st.integers(1, 40) | st.integers(9_990, 12_000), min_size=1, max_size=5))
def test_what_is_found_stands_there_between_two_ends_and_nothing_else_does(
    pieces: list[str], sequences: set[int]
) -> None:
    """The same told in another way: its characters with nothing but separators between, and no other beside them."""
    numbers = [NumberSeries().number(date(2026, 2, 1), each) for each in sorted(sequences)]
    text = "".join([*pieces, " ", numbers[0], *pieces[:3]])
    standing = {
        number
        for number in numbers
        if re.search(r"(?<![^\W_])" + r"[\W_]*".join(number.replace("-", "")) + r"(?![^\W_])", text, re.IGNORECASE)
    }
    found = numbers_in(text, *numbers)
    assert len(standing) > 1 if found == "ambiguous" else set(found) == standing


@given(sequence=st.integers(1, 99_999), data=st.data())
def test_a_number_is_found_however_it_is_parted(sequence: int, data: st.DataObject) -> None:
    number = NumberSeries().number(date(2026, 2, 1), sequence)
    written = "".join(data.draw(BLANKS) + character for character in number.replace("-", ""))
    assert numbers_in(f"Rechnung {written} bezahlt", number) == [number]


@given(one=st.integers(1, 99_999), other=st.integers(1, 99_999), end=st.text("0123456789", min_size=1, max_size=3))
def test_digits_glued_to_a_number_never_book_it(one: int, other: int, end: str) -> None:
    first, second = (NumberSeries().number(date(2026, 2, 1), each) for each in (one, other))
    assume(first + end != second)
    assert first not in numbers_in(f"{first}{end}", first, second)
    assert numbers_in(f"{end}{first}", first, second) == []


@given(year=st.integers(1970, 2199), month=st.integers(1, 12), sequence=st.integers(1, 10**9))
def test_every_number_of_a_series_is_known_from_its_letters_and_digits(year: int, month: int, sequence: int) -> None:
    for series in (
        NumberSeries(),
        NumberSeries(format="{{R}}{year}/{month:02}{sequence}"),
        NumberSeries(format="{sequence:06}", restart=Restart.NEVER),
        NumberSeries(format="{year}-{sequence} of {year}", restart=Restart.YEAR),
    ):
        number = series.number(date(year, month, 1), sequence)
        assert printed_number(squeezed(number), series) == number


@pytest.mark.parametrize("text", ["INV202602", "INV2026020", "INV20260200047", "CN2026020047", "INV2026020047X"])
def test_what_the_series_would_never_print_is_none_of_it(text: str) -> None:
    assert printed_number(text, NumberSeries()) == ""


# what follows from the numbers


def decide(entry: BankEntry, *documents: Document, unknown: str = "") -> Decision:
    return match_entry(entry, known(*documents), unknown=unknown, is_creditor_reference=iso11649.is_valid)


A, B = a_payable("INV-2026-01-0001", due_on=date(2026, 3, 2)), a_payable("INV-2026-02-0002")
NOTE = CreditNoteNumber("CN-2026-02-0001")


def test_several_invoices_of_a_customer_are_paid_in_the_order_of_their_due_dates() -> None:
    assert decide(an_entry(f"{B.number} {A.number}"), A, B) == Matched((A, B))


def test_what_was_given_up_is_paid_after_what_is_owed() -> None:
    given_up = replace(A, status=InvoiceStatus.UNCOLLECTIBLE)
    assert decide(an_entry(f"{A.number} {B.number}"), given_up, B) == Matched((B, given_up))


def test_a_paid_invoice_is_matched_and_a_void_one_beside_it_is_left_out() -> None:
    paid = replace(A, status=InvoiceStatus.PAID, amount_due=0)
    void = replace(B, status=InvoiceStatus.VOID, amount_due=0)
    assert decide(an_entry(f"{B.number}, {A.number}"), paid, void) == Matched((paid,))


def test_the_end_to_end_id_counts_where_the_text_names_nothing() -> None:
    assert decide(an_entry("thanks", end_to_end_id=A.number), A, B) == Matched((A,))
    assert decide(an_entry(B.number, end_to_end_id=A.number), A, B) == Matched((B,))


def test_a_credit_note_beside_an_invoice_does_not_count() -> None:
    assert decide(an_entry(f"{A.number} less {NOTE.number}"), A, NOTE) == Matched((A,))


SHARED = SharedNumber((a_payable("R-11"), a_payable("R1-1")))


@pytest.mark.parametrize(
    ("text", "documents", "reason", "explanation"),
    [
        ("hello", (A,), Unmatched.NO_REFERENCE, "no invoice number stands in the text"),
        (A.number, (replace(A, currency="EUR"),), Unmatched.WRONG_CURRENCY, "INV-2026-01-0001 is in EUR, and USD came"),
        (A.number, (replace(A, status=InvoiceStatus.VOID),), Unmatched.VOID_INVOICE, "INV-2026-01-0001 is void"),
        (NOTE.number, (NOTE,), Unmatched.CREDIT_NOTE, "CN-2026-02-0001 is a credit note"),
        (
            f"{A.number} {B.number}",
            (A, replace(B, customer_id="acct-2")),
            Unmatched.SEVERAL_CUSTOMERS,
            "its numbers are of several customers: acct-1, acct-2",
        ),
        (
            "INV-2026-02-1000 1",
            (a_payable("INV-2026-02-1000"), a_payable("INV-2026-02-10001")),
            Unmatched.AMBIGUOUS,
            "it can't be told which number is meant: INV-2026-02-1000 or INV-2026-02-10001",
        ),
    ],
)
def test_what_is_not_matched_says_why(
    text: str, documents: tuple[Document, ...], reason: Unmatched, explanation: str
) -> None:
    decision = decide(an_entry(text), *documents)
    assert isinstance(decision, NotMatched)
    assert (decision.reason, decision.explanation) == (reason, explanation)


def test_a_number_that_two_invoices_share_but_for_punctuation_is_ambiguous() -> None:
    decision = match_entry(
        an_entry("R 11"), {"R11": ("R-11", SHARED)}, unknown="", is_creditor_reference=iso11649.is_valid
    )
    assert isinstance(decision, NotMatched)
    assert (decision.reason, decision.named) == (Unmatched.AMBIGUOUS, SHARED.invoices)
    assert decision.explanation.endswith("R-11 or R1-1")


def test_a_number_that_is_nobody_s_is_named() -> None:
    decision = decide(an_entry("INV-2026-02-9999"), A, unknown="INV-2026-02-9999")
    assert decision == NotMatched(Unmatched.UNKNOWN_REFERENCE, "there is no invoice INV-2026-02-9999")


# suggestions


def test_open_invoices_are_suggested_with_each_reason_the_best_first() -> None:
    entry = an_entry(f"zuINV-2026-02-0002 {A.number}", payer="LUMEN HEALTH")
    other = a_payable("INV-2026-02-0003", customer_name="Other", customer_id="acct-9", amount_due=1)
    stand_in = replace(other, number="INV-2026-02-0004", replaces=A.number)
    found = suggest(entry, [stand_in, other, B, A], named={A.number}, paid_before={"acct-9"})
    assert [(each.invoice.number, each.why) for each in found] == [
        (A.number, ("the text names it", "the amount is what is due", "the payer's name is like Lumen Health GmbH")),
        (
            B.number,
            (
                "its number stands in the text, but not by itself",
                "the amount is what is due",
                "the payer's name is like Lumen Health GmbH",
            ),
        ),
        (
            "INV-2026-02-0004",
            (
                f"it stands for {A.number}, which the text names",
                "the payer's account has paid for this customer before",
            ),
        ),
        ("INV-2026-02-0003", ("the payer's account has paid for this customer before",)),
    ]


def test_an_amount_in_another_currency_suggests_nothing() -> None:
    assert suggest(an_entry(currency="EUR"), [A, B]) == ()


def test_at_most_five_are_suggested() -> None:
    many = [a_payable(f"INV-2026-02-{number:04}") for number in range(9)]
    assert [each.invoice.number for each in suggest(an_entry(), many)] == [each.number for each in many[:5]]


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Lumen Health GmbH", "LUMEN HEALTH", True),
        ("Müller & Söhne AG", "MUELLER SOEHNE", True),
        ("Müller & Söhne AG", "Muller Sohne", True),
        ("Nimbus Media Inc.", "NIMBUSMEDIA", True),
        ("Nimbus Media Inc.", "Kestrel Learning Inc.", False),
        ("GmbH", "GmbH", False),
        ("", "x", False),
    ],
)
def test_names_are_alike_whatever_case_accents_and_legal_form(one: str, other: str, alike: bool) -> None:
    assert is_alike(one, other) is alike
