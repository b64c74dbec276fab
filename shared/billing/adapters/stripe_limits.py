"""How long Stripe lets a request's idempotency key and metadata be, and what is sent in place of longer ones."""

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stripe import RequestOptions

_LONGEST_KEY = 255
"""https://docs.stripe.com/api/idempotent_requests"""
_LONGEST_TEXT = 500
"""https://docs.stripe.com/api/metadata"""


def once(key: str) -> "RequestOptions":
    """What makes a request be done once: two ids of ours in one key may be longer together than Stripe takes.

    Such a key ends with the digest of all of it; metadata carry it whole.
    """
    if len(key) <= _LONGEST_KEY:
        return {"idempotency_key": key}
    digest = hashlib.sha256(key.encode()).hexdigest()
    return {"idempotency_key": f"{key[: _LONGEST_KEY - len(digest) - 1]}~{digest}"}


def in_metadata(text: str) -> str:
    """As much of what somebody wrote as a value of metadata takes; our books have it whole."""
    return text[:_LONGEST_TEXT]
