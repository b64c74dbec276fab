"""The files of one e-invoice in the formats that are on."""

from collections.abc import Collection

from billing.domain.tenant import EInvoiceFormat
from billing.render.e_invoice.archive import archive
from billing.render.e_invoice.cii import cii
from billing.render.e_invoice.terms import EInvoice
from billing.render.e_invoice.ubl import ubl


def e_invoice_files(invoice: EInvoice, *, pdf: bytes, formats: Collection[EInvoiceFormat]) -> dict[str, bytes]:
    """By suffix: the PDF, with the CII in it where Factur-X is on, and each XML."""
    files = {"pdf": pdf}
    if EInvoiceFormat.FACTUR_X in formats:
        xml = cii(invoice)
        files["pdf"] = archive(pdf, xml=xml)
        files["factur-x.xml"] = xml
    if EInvoiceFormat.UBL in formats:
        files["ubl.xml"] = ubl(invoice)
    return files
