"""How much CPU time an invoice's PDF takes: first and steady, at one page, two and 200 lines, and PDFs a second."""

import statistics
import sys
from collections.abc import Iterator
from dataclasses import replace
from time import perf_counter, process_time

from billing.domain.invoice import Invoice
from billing.render.invoice_pdf import Branding, render_invoice
from tests.golden.sample_invoices import ACCOUNT_1047, logo_png, with_lines

STEADY = 200
RUN = 187  # the invoices of the February book


def main() -> int:
    """Print milliseconds a document and its size, then the time of a run's PDFs in this one process."""
    branding = Branding(logo_png=logo_png())
    dollars = replace(ACCOUNT_1047, currency="USD")
    print(f"{'document, with logo':42} {'first ms':>9} {'median ms':>10} {'pages':>6} {'bytes':>8}")
    for label, invoice in (
        ("10 lines, link QR", with_lines(10, invoice=dollars)),
        ("10 lines, link QR and transfer QR", with_lines(10)),
        ("45 lines, link QR", with_lines(45, invoice=dollars)),
        ("45 lines, link QR and transfer QR", with_lines(45)),
        ("200 lines, link QR", with_lines(200, invoice=dollars)),
    ):
        _measure(label, invoice=invoice, branding=branding)
    started = perf_counter()
    for invoice in _numbered(with_lines(10, invoice=dollars), count=RUN):
        render_invoice(invoice, branding=branding)
    seconds = perf_counter() - started
    print(f"{RUN} invoices of 10 lines in one process: {seconds:.2f} s, {RUN / seconds:.0f} PDFs a second")
    return 0


def _measure(label: str, *, invoice: Invoice, branding: Branding) -> None:
    times, pdf = [], b""
    for each in _numbered(invoice, count=STEADY):
        started = process_time()
        pdf = render_invoice(each, branding=branding)
        times.append((process_time() - started) * 1000)
    pages = pdf.count(b"/Type /Page ")
    print(f"{label:42} {times[0]:9.2f} {statistics.median(times[1:]):10.2f} {pages:6} {len(pdf):8,}")


def _numbered(invoice: Invoice, *, count: int) -> Iterator[Invoice]:
    """The same invoice with ever other numbers and links, so that no cache knows the whole of it."""
    for n in range(1, count + 1):
        number = f"INV-2026-02-{n:04}"
        yield replace(invoice, number=number, payment_url=f"https://pay.example.com/i/{number}?t={n * 7919:010x}")


if __name__ == "__main__":
    sys.exit(main())
