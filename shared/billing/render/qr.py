"""QR codes: the payment link as it is, and the euro credit transfer that banking apps read."""

from decimal import Decimal

import segno

from billing.domain.invoice import BankDetails

_MASK = 3  # any mask is valid; trying all eight for the prettiest takes four fifths of the time
_SMALLEST_TRANSFER, _LARGEST_TRANSFER = 1, 99_999_999_999  # cents (EPC069-12)
_LONGEST_TRANSFER = 331  # bytes (EPC069-12)


def qr_modules(content: str) -> tuple[bytes, ...]:
    """The rows of a QR code, 1 for dark, without the quiet zone. Error correction M, as EPC069-12 asks for."""
    code = segno.make(content, error="m", micro=False, boost_error=False, mask=_MASK, encoding="utf-8")
    return tuple(bytes(row) for row in code.matrix)


def credit_transfer(bank: BankDetails, *, cents: int, reference: str) -> str:
    """The payload of a SEPA credit transfer in euro (EPC069-12, version 2), or "" where the standard allows none.

    `reference` goes into the unstructured remittance text. The amount is 0.01 to 999,999,999.99 euro.
    """
    iban = "".join(bank.iban.split()).upper()
    if not iban or not bank.account_holder or not _SMALLEST_TRANSFER <= cents <= _LARGEST_TRANSFER:
        return ""
    amount = f"EUR{Decimal(cents).scaleb(-2):.2f}"
    payload = "\n".join(
        ("BCD", "002", "1", "SCT", bank.bic, bank.account_holder[:70], iban, amount, "", "", reference[:140])
    )
    return payload if len(payload.encode()) <= _LONGEST_TRANSFER else ""


def qr_operations(modules: tuple[bytes, ...], *, x: float, y: float, size: float) -> str:
    """Content stream operations that fill the dark modules in a square whose lower left corner is (x, y).

    The quiet zone is the caller's: four modules of white around the square (ISO/IEC 18004). Neighbouring dark modules
    of a row are one rectangle.
    """
    count = len(modules)
    scale = size / count
    rectangles = [
        f"{column} {count - row - 1} {length} 1 re"
        for row, cells in enumerate(modules)
        for column, length in _dark_runs(cells)
    ]
    return f"q 0 0 0 rg {scale:.4f} 0 0 {scale:.4f} {x:.2f} {y:.2f} cm {' '.join(rectangles)} f Q"


def _dark_runs(cells: bytes) -> list[tuple[int, int]]:
    runs, column = [], cells.find(1)
    while column >= 0:
        end = cells.find(0, column)
        end = len(cells) if end < 0 else end
        runs.append((column, end - column))
        column = cells.find(1, end)
    return runs
