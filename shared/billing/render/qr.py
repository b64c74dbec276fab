"""QR codes: the payment link as it is, and the euro credit transfer that banking apps read."""

from decimal import Decimal
from math import isqrt
from typing import Any

import zxingcpp

from billing.domain.invoice import BankDetails

_BITS = b"01" + bytes(254)
_MODULES = bytes([1]) + bytes(255)  # by grey value: black is dark
_SMALLEST_TRANSFER, _LARGEST_TRANSFER = 1, 99_999_999_999  # cents (EPC069-12)
_LONGEST_TRANSFER = 331  # bytes (EPC069-12)


def qr_modules(content: str) -> tuple[bytes, ...]:
    """The rows of a QR code, 1 for dark, without the quiet zone. Error correction M, as EPC069-12 asks for."""
    code = zxingcpp.create_barcode(content, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    image: Any = code.to_image(scale=1, add_quiet_zones=False)  # its stubs don't say that it is a buffer
    modules = memoryview(image).tobytes().translate(_MODULES)
    count = isqrt(len(modules))
    return tuple([modules[first : first + count] for first in range(0, len(modules), count)])


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

    The quiet zone is the caller's: four modules of white around the square (ISO/IEC 18004). An image of one bit a
    module has no seams between modules, as rectangles have them on some screens.
    """
    count = len(modules)
    idle = -count % 8  # each row of an image begins with a byte
    rows = [f"{int(row.translate(_BITS), 2) << idle:0{(count + idle) // 4}X}" for row in modules]
    return (
        f"q {size:.2f} 0 0 {size:.2f} {x:.2f} {y:.2f} cm "
        f"BI /W {count} /H {count} /CS /G /BPC 1 /D [1 0] /F /AHx ID {''.join(rows)}> EI Q"
    )
