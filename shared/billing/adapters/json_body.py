"""Documents as JSON text: what SQLite keeps.

Instants are RFC 3339 text with `+00:00`, which sorts as they do. The reserved key `__instants` names the top-level
fields that hold one, so that reading restores them without walking the document.
"""

from datetime import datetime

import orjson

from billing.adapters.document_rules import SURELY_SMALL, check_size
from billing.ports import Fields

INSTANTS = "__instants"


def encode_body(path: str, fields: Fields) -> str:
    """Checked fields as JSON text; DocumentTooLarge above 1 MiB."""
    instants = {name: 1 for name, value in fields.items() if isinstance(value, datetime)}
    body = orjson.dumps({**fields, INSTANTS: instants} if instants else fields)
    if len(body) > SURELY_SMALL:
        check_size(path, fields)
    return body.decode()


def decode_body(body: str) -> Fields:
    """The fields that `encode_body` was given, instants in UTC."""
    fields: Fields = orjson.loads(body)
    for name in fields.pop(INSTANTS, ()):  # type: ignore[union-attr]
        fields[name] = datetime.fromisoformat(fields[name])  # type: ignore[arg-type,index]
    return fields
