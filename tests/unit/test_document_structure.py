"""What a document is to programs: its structure for screen readers, and a sound base for PDF/A-3."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

import pikepdf
import pytest

from billing.domain.errors import InvalidInput
from billing.domain.invoice import Invoice
from billing.domain.tenant import Paper
from billing.render.invoice_pdf import Branding, render_invoice
from tests.golden.read_pdf import character_boxes, page_texts, picture, reader
from tests.golden.sample_invoices import ACCOUNT_1047, BUYER, WORLD, logo_png, with_lines


def elements(node: Any) -> Iterator[Any]:  # noqa: ANN401 - pikepdf's objects have any key
    """The structure elements below a node, in reading order."""
    children = node.get("/K", [])
    for child in children if isinstance(children, pikepdf.Array) else [children]:
        if isinstance(child, pikepdf.Dictionary):
            yield child
            yield from elements(child)


def roles_of(pdf: bytes) -> list[str]:
    """What every structure element of a document is."""
    with pikepdf.open(BytesIO(pdf)) as document:
        return [str(element.S) for element in elements(document.Root.StructTreeRoot)]


@pytest.mark.parametrize("count", [4, 60])
def test_the_structure_has_a_heading_and_a_table_with_a_row_for_each_line(count: int) -> None:
    roles = Counter(roles_of(render_invoice(with_lines(count))))
    assert (roles["/Document"], roles["/H1"], roles["/H2"], roles["/Table"]) == (1, 1, 1, 2)
    assert roles["/TH"] == 5
    assert roles["/TR"] == 1 + count + 5  # the head, the lines, the totals
    assert roles["/TD"] == 5 * count + 2 * 5
    assert roles["/Figure"] == 2  # the codes


def test_every_piece_of_content_belongs_to_one_element_and_every_element_to_its_parent() -> None:
    document = pikepdf.open(BytesIO(render_invoice(with_lines(60))))
    tree: Any = document.Root.StructTreeRoot
    parents = list(tree.ParentTree.Nums)
    for number, page in enumerate(document.pages):
        of_page = parents[2 * number + 1]
        begun = [
            op for op in pikepdf.parse_content_stream(page) if str(op.operator) == "BDC" and "/MCID" in op.operands[1]
        ]
        assert [int(op.operands[1].MCID) for op in begun] == list(range(len(of_page)))
        assert [str(op.operands[0]) for op in begun] == [str(element.S) for element in of_page]
        assert all(element.Pg.objgen == page.objgen for element in of_page)


def test_all_that_is_no_content_is_marked_as_decoration() -> None:
    document = pikepdf.open(BytesIO(render_invoice(with_lines(60), branding=Branding(logo_png=logo_png()))))
    for page in document.pages:
        depth = 0
        for operation in pikepdf.parse_content_stream(page):
            operator = str(operation.operator)
            depth += (operator in {"BDC", "BMC"}) - (operator == "EMC")
            assert depth >= 1 or operator not in {"Tj", "TJ", "f", "Do", "INLINE IMAGE"}
        assert depth == 0


def test_the_title_stands_in_the_window_and_the_language_is_known() -> None:
    document = pikepdf.open(BytesIO(render_invoice(replace(ACCOUNT_1047, locale="fr-CA"))))
    root = document.Root
    assert root.ViewerPreferences.DisplayDocTitle == True  # noqa: E712 - an object of pikepdf
    assert root.MarkInfo.Marked == True  # noqa: E712 - an object of pikepdf
    assert str(root.Lang) == "fr-CA"


@pytest.mark.parametrize("invoice", [with_lines(60), replace(ACCOUNT_1047, buyer=WORLD)], ids=["pages", "scripts"])
def test_the_file_is_sound_and_has_nothing_that_pdf_a_3_forbids(invoice: Invoice) -> None:
    pdf = render_invoice(invoice, branding=Branding(logo_png=logo_png()))
    document = pikepdf.open(BytesIO(pdf))
    assert document.check_pdf_syntax() == []
    for entry in document.objects:
        if isinstance(entry, pikepdf.Dictionary | pikepdf.Stream):
            assert "/SMask" not in entry
            assert "/CA" not in entry
            assert str(entry.get("/BaseFont", "")) not in {"/Helvetica", "/Times-Roman"}
            if str(entry.get("/Type", "")) == "/FontDescriptor":
                assert "/FontFile2" in entry


def test_a_transparent_logo_stands_on_white() -> None:
    blank = picture(render_invoice(ACCOUNT_1047, branding=Branding(logo_png=logo_png())), scale=1)
    x, y = int(48 + 0.6 * 499.28) + 1, 42  # the corner of the logo, left of its disc
    assert blank.getpixel((x, y)) == (255, 255, 255)


def test_letter_paper_has_its_size_and_keeps_its_margins() -> None:
    pdf = render_invoice(with_lines(60), branding=Branding(paper=Paper.LETTER))
    assert {(float(page.mediabox.width), float(page.mediabox.height)) for page in reader(pdf).pages} == {(612, 792)}
    lefts, bottoms, rights, tops = zip(*character_boxes(pdf), strict=True)
    assert min(lefts) >= 47
    assert max(rights) <= 612 - 47
    assert min(bottoms) > 10
    assert max(tops) < 792 - 30


def test_the_sum_so_far_is_carried_from_page_to_page() -> None:
    first, second, *_ = page_texts(render_invoice(with_lines(60)))
    shown = first.count("Seat ")
    assert f"Carried forward €{shown}.00" in first
    assert f"Brought forward €{shown}.00" in second
    assert "forward" not in page_texts(render_invoice(with_lines(4)))[0]


@pytest.mark.parametrize(("accent", "on_it"), [("#1f3a5f", "1 1 1"), ("#f2c14e", "0.11 0.13 0.16")])
def test_text_on_the_sellers_colour_is_readable(accent: str, on_it: str) -> None:
    assert Branding(accent=accent).palette.on_accent == on_it


def test_a_paper_that_nobody_sells_is_refused() -> None:
    with pytest.raises(ValueError, match="a5"):
        Paper("a5")
    with pytest.raises(InvalidInput):
        Branding(accent="teal")


def test_a_buyer_without_an_address_takes_no_room() -> None:
    bare = replace(BUYER, street="", city="", postal_code="", country="", tax_id="")
    (text,) = page_texts(render_invoice(replace(ACCOUNT_1047, buyer=bare)))
    assert "Bill to\nAcme Robotics SAS\nFrom" in text
