"""An event as a message of Standard Webhooks 1.0: a JSON body, and headers that prove who sent it and when.

Specification: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import orjson
from standardwebhooks import Webhook

from billing.domain.event import Event
from billing.ports import UnusableEventSecret

_PREFIX: Final = "whsec_"
_SHORTEST, _LONGEST = 24, 64  # bytes; the specification's bounds


def message_body(event: Event, *, tenant_id: str) -> str:
    """The JSON that is signed and sent; `timestamp` is when it happened, whenever it is delivered."""
    body = {
        "type": event.type.value,
        "timestamp": event.occurred_at,
        "data": event.data(tenant_id),
    }
    return orjson.dumps(body, option=orjson.OPT_UTC_Z).decode()


def signed_headers(message: str, body: str, *, at: datetime, secrets: Sequence[str], name: str) -> dict[str, str]:
    """The headers of a message sent at a UTC instant, with a signature by each secret that is valid now.

    A receiver looks for one that it can verify, so secrets change without a pause. Raises UnusableEventSecret, with the
    `name` that the secrets go by, where there is none or one is no secret of the specification.
    """
    if not secrets:
        raise UnusableEventSecret(name, reason="is not set")
    webhooks = [Webhook(_key(secret, name=name)) for secret in secrets]
    return {
        "content-type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(each.sign(message, at, body) for each in webhooks),
    }


def _key(secret: str, *, name: str) -> bytes:
    """The bytes of a secret; the library alone would skip what is no base64 and sign with less."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise UnusableEventSecret(name, reason=f"is not whsec_ and {_SHORTEST} to {_LONGEST} bytes in base64")
    return key
