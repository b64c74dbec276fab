"""The pay link of an invoice: unique, and not to be guessed from another one (semantics 7)."""

import binascii
import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.domain.invoice import Invoice, InvoiceStatus

_LONGEST_TOKEN = 512
_SETTLED_FOR = timedelta(days=180)
"""How long a link still shows an invoice on which nothing is due: time for a receipt and for the year's accounts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedInvoice:
    """Which invoice a pay link opens, and of which tenant."""

    tenant_id: str
    invoice_id: str


def payment_url(base: str, *, key: str, tenant_id: str, invoice_id: str) -> str:
    """`{base}/pay/{token}`: the token names the invoice and carries a signature by `key` over tenant and invoice."""
    name = f"{tenant_id}/{invoice_id}".encode()
    return f"{base}/pay/{_text(name)}.{_text(_signature(name, key=key))}"


def linked_invoice(token: str, *, keys: Sequence[str]) -> LinkedInvoice | None:
    """What a token names, if one of the keys signed it; else None, whatever is wrong with it.

    Links are printed on paper, so an old key stays valid beside the newest one. Every key is tried, in constant time.
    """
    name, signature = (_bytes(part) for part in _parts(token))
    tenant_id, slash, invoice_id = name.decode("ascii", "replace").partition("/")
    signed = sum(hmac.compare_digest(signature, _signature(name, key=key)) for key in keys)
    if not signed or not slash:
        return None
    return LinkedInvoice(tenant_id=tenant_id, invoice_id=invoice_id)


def is_shown(invoice: Invoice, *, at: datetime) -> bool:
    """Whether a link still opens the invoice at a UTC instant.

    It does as long as anything is owed, however late; then half a year more. A draft was never sent to anybody.
    """
    if invoice.status is InvoiceStatus.DRAFT:
        return False
    return invoice.amount_due > 0 or at < (invoice.paid_at or invoice.issued_at) + _SETTLED_FOR


def _parts(token: str) -> tuple[str, str]:
    name, _, signature = token.partition(".")
    return (name, signature) if len(token) <= _LONGEST_TOKEN else ("", "")


def _signature(name: bytes, *, key: str) -> bytes:
    return hmac.new(key.encode(), name, hashlib.sha256).digest()[:16]


def _text(part: bytes) -> str:
    return urlsafe_b64encode(part).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    """What the text stands for; nothing where it is not written as `_text` writes it, so that a token has one form."""
    try:
        part = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""
    return part if _text(part) == text else b""
