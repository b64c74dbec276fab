"""Addresses that open one invoice's PDF for a few minutes, for whoever has them: a browser sends no key with a link."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from billing.domain.payment_link import LinkedInvoice

VALID_FOR = timedelta(minutes=10)
_LONGEST = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLink:
    """The token of an address, and the UTC instant from which on it opens nothing."""

    token: str
    expires_at: datetime


def file_link(file: LinkedInvoice, *, key: str, now: datetime) -> FileLink:
    """A token that names the invoice and its last second, with a signature by `key` over both."""
    expires_at = (now + VALID_FOR).replace(microsecond=0)
    name = f"{file.tenant_id}/{file.invoice_id}/{int(expires_at.timestamp())}"
    return FileLink(token=f"{name}/{_signature(name, key=key)}", expires_at=expires_at)


def opened_file(token: str, *, keys: Sequence[str], now: datetime) -> LinkedInvoice | None:
    """What a token names, if one of the keys signed it and its time is not over; None whatever is wrong with it."""
    name, _, signature = token.rpartition("/")
    parts = name.split("/")
    if len(token) > _LONGEST or len(parts) != 3 or not token.isascii() or not (parts[2].isdecimal() and parts[2]):
        return None
    signed = sum(hmac.compare_digest(signature, _signature(name, key=key)) for key in keys)
    if not signed or now >= datetime.fromtimestamp(int(parts[2]), UTC):
        return None
    return LinkedInvoice(tenant_id=parts[0], invoice_id=parts[1])


def _signature(name: str, *, key: str) -> str:
    """Its words begin with what it is for, so that no other link's signature by the same key is one of these."""
    digest = hmac.new(key.encode(), f"pdf/{name}".encode(), sha256).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
