"""The pay link of an invoice: unique, and not to be guessed from another one (semantics 7)."""

import hashlib
import hmac
from base64 import urlsafe_b64encode


def payment_url(base: str, *, key: str, tenant_id: str, invoice_id: str) -> str:
    """`{base}/pay/{token}`: the token names the invoice and carries a signature by `key` over tenant and invoice."""
    name = f"{tenant_id}/{invoice_id}".encode()
    signature = hmac.new(key.encode(), name, hashlib.sha256).digest()[:16]
    return f"{base}/pay/{_text(name)}.{_text(signature)}"


def _text(part: bytes) -> str:
    return urlsafe_b64encode(part).rstrip(b"=").decode()
