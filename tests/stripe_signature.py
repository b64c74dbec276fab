"""Webhooks signed by Stripe's scheme, written out."""

import hashlib
import hmac
import json
from typing import Any


def signed(event: dict[str, Any] | bytes, *, secret: str, at: int) -> tuple[bytes, str]:
    """A body and its Stripe-Signature: HMAC-SHA256 over the time in seconds, a dot and the body."""
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return body, f"t={at},v1={digest}"
