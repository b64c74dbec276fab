"""The hybrid file: the PDF as it was, with the XML in it, declared as PDF/A-3b and Factur-X."""

import subprocess
import sys
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from facturx import get_xml_from_pdf
from pikepdf import Name, Pdf

from billing.domain.tenant import EInvoiceFormat
from billing.render.branding import Branding
from billing.render.document_files import credit_note_files, invoice_files
from billing.render.e_invoice.archive import archive
from billing.render.invoice_pdf import render_invoice
from tests.e_invoice_samples import CREDIT_NOTES, INVOICES
from tests.golden.sample_invoices import ACCOUNT_1047, logo_png
from tests.preflight import pdf_a_findings

BOTH = (EInvoiceFormat.FACTUR_X, EInvoiceFormat.UBL)
_FX = "{urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#}"


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return invoice_files(ACCOUNT_1047, branding=Branding(), formats=BOTH)


def test_the_formats_that_are_on_decide_which_files_there_are() -> None:
    def suffixes(*formats: EInvoiceFormat) -> list[str]:
        return list(invoice_files(ACCOUNT_1047, branding=Branding(), formats=formats))

    assert suffixes() == ["pdf"]
    assert suffixes(EInvoiceFormat.FACTUR_X) == ["pdf", "factur-x.xml"]
    assert suffixes(EInvoiceFormat.UBL) == ["pdf", "ubl.xml"]
    assert suffixes(*BOTH) == ["pdf", "factur-x.xml", "ubl.xml"]


def test_the_embedded_file_is_the_xml_and_readers_of_factur_x_find_it(files: dict[str, bytes]) -> None:
    assert get_xml_from_pdf(files["pdf"], check_xsd=True) == ("factur-x.xml", files["factur-x.xml"])


def test_the_xml_is_associated_with_the_document_as_an_alternative_of_it(files: dict[str, bytes]) -> None:
    with Pdf.open(BytesIO(files["pdf"])) as pdf:
        [associated] = pdf.Root.AF
        assert associated.AFRelationship == Name.Alternative
        assert associated.EF.F.Subtype == Name("/text/xml")
        assert [str(name) for name in pdf.attachments] == ["factur-x.xml"]


def test_the_metadata_says_pdf_a_3b_and_factur_x_in_the_profile_en_16931(files: dict[str, bytes]) -> None:
    with Pdf.open(BytesIO(files["pdf"])) as pdf:
        packet = ET.fromstring(bytes(pdf.Root.Metadata.read_bytes()))
    said = {element.tag: element.text for element in packet.iter() if element.text and element.text.strip()}
    assert said["{http://www.aiim.org/pdfa/ns/id/}part"] == "3"
    assert said["{http://www.aiim.org/pdfa/ns/id/}conformance"] == "B"
    assert [said[f"{_FX}{name}"] for name in ("DocumentType", "DocumentFileName", "Version", "ConformanceLevel")] == [
        *("INVOICE", "factur-x.xml", "1.0", "EN 16931"),
    ]
    assert said["{http://ns.adobe.com/xap/1.0/}CreateDate"] == "2026-03-01T06:00:00Z"


def test_a_document_id_and_version_1_7_are_given_and_the_pages_are_the_same(files: dict[str, bytes]) -> None:
    plain = render_invoice(ACCOUNT_1047, branding=Branding())
    with Pdf.open(BytesIO(files["pdf"])) as pdf, Pdf.open(BytesIO(plain)) as before:
        assert (pdf.pdf_version, len(pdf.trailer.ID)) == ("1.7", 2)
        assert [page.Contents.read_bytes() for page in pdf.pages] == [
            page.Contents.read_bytes() for page in before.pages
        ]
        assert pdf.Root.Lang == before.Root.Lang


def test_equal_invoices_make_equal_files_in_any_process(files: dict[str, bytes]) -> None:
    program = (
        "from hashlib import sha256; from billing.domain.tenant import EInvoiceFormat\n"
        "from billing.render.branding import Branding; from billing.render.document_files import invoice_files\n"
        "from tests.golden.sample_invoices import ACCOUNT_1047\n"
        "made = invoice_files(ACCOUNT_1047, branding=Branding(), formats=tuple(EInvoiceFormat))\n"
        "print(*(sha256(body).hexdigest() for body in made.values()))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.split() == [sha256(body).hexdigest() for body in files.values()]


def test_a_pdf_that_says_nothing_of_itself_is_archived_all_the_same() -> None:
    with Pdf.new() as empty:
        empty.add_blank_page()
        body = BytesIO()
        empty.save(body)
    with Pdf.open(BytesIO(archive(body.getvalue(), xml=b"<a/>"))) as pdf:
        packet = bytes(pdf.Root.Metadata.read_bytes()).decode()
    assert "<pdfaid:part>3</pdfaid:part>" in packet
    assert "CreateDate" not in packet


@pytest.mark.slow
def test_preflight_has_nothing_against_the_files_but_that_they_are_no_pdf_a_1(tmp_path: Path) -> None:
    branding = Branding(logo_png=logo_png(), footer="Nordlicht Software GmbH")
    made = {
        "standard": invoice_files(ACCOUNT_1047, branding=branding, formats=BOTH),
        "many lines": invoice_files(INVOICES["200 lines"], branding=Branding(), formats=BOTH),
        "in yen": invoice_files(INVOICES["in yen"], branding=Branding(), formats=BOTH),
        "credit note": credit_note_files(
            CREDIT_NOTES["credit"], branding=branding, formats=BOTH, invoice_number="INV-2026-01-0046"
        ),
    }
    paths = []
    for name, files in made.items():
        paths.append(tmp_path / f"{name}.pdf")
        paths[-1].write_bytes(files["pdf"])
    assert pdf_a_findings(paths) == {path: [] for path in paths}


@pytest.mark.slow
def test_preflight_finds_what_an_ordinary_pdf_lacks(tmp_path: Path) -> None:
    plain = tmp_path / "plain.pdf"
    plain.write_bytes(render_invoice(ACCOUNT_1047))
    [found] = pdf_a_findings([plain]).values()
    assert any("Color Profile" in each for each in found)
