"""How much CPU time an e-invoice takes: its terms, CII, UBL and the PDF/A-3 around the CII; and how large it gets."""

import statistics
import sys
from collections.abc import Callable
from time import process_time
from typing import TypeVar

from billing.render.e_invoice.archive import archive
from billing.render.e_invoice.cii import cii
from billing.render.e_invoice.documents import e_invoice_of
from billing.render.e_invoice.ubl import ubl
from billing.render.invoice_pdf import render_invoice
from tests.golden.sample_invoices import with_lines

STEADY = 100

T = TypeVar("T")


def main() -> int:
    """Print the median of each step in milliseconds, and the sizes of what is made."""
    print(f"{'':12} {'terms':>7} {'CII':>7} {'UBL':>7} {'PDF/A-3':>8} {'sum ms':>7}   PDF, hybrid, CII, UBL bytes")
    for lines in (10, 45, 200):
        _measure(lines)
    return 0


def _measure(lines: int) -> None:
    invoice = with_lines(lines)
    pdf = render_invoice(invoice)
    terms_ms, terms = _timed(lambda: e_invoice_of(invoice))
    cii_ms, xml = _timed(lambda: cii(terms))
    ubl_ms, other = _timed(lambda: ubl(terms))
    archive_ms, hybrid = _timed(lambda: archive(pdf, xml=xml))
    times = (terms_ms, cii_ms, ubl_ms, archive_ms)
    shown = " ".join(f"{each:7.2f}" for each in times[:3]) + f" {archive_ms:8.2f} {sum(times):7.2f}"
    print(f"{f'{lines} lines':12} {shown}   {len(pdf):,}, {len(hybrid):,}, {len(xml):,}, {len(other):,}")


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    """The median of many runs after a first one, and what they make."""
    made, times = work(), []
    for _ in range(STEADY):
        started = process_time()
        made = work()
        times.append((process_time() - started) * 1000)
    return statistics.median(times), made


if __name__ == "__main__":
    sys.exit(main())
