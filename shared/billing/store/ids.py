"""Ids that callers send: checked before they become a part of any path."""

import re
from functools import lru_cache

from billing.domain.errors import InvalidInput

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:~+-]*")
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")


@lru_cache(maxsize=1024)
def tenant_path(tenant_id: str) -> str:
    """The tenant's own document; all else of the tenant lies below it."""
    if not _TENANT.fullmatch(tenant_id):
        raise InvalidInput("tenant_id", expected="1 to 63 letters, digits, - or _", given=tenant_id)
    return f"tenants/{tenant_id}"


def checked_id(field: str, value: str, *, longest: int = 200) -> str:
    """An id that may stand in a path: no slash, no leading dot, plain ASCII, at most `longest` (200) characters."""
    if len(value) > longest or not _ID.fullmatch(value):
        expected = f"1 to {longest} letters, digits or . _ @ : ~ + - (a letter or digit first)"
        raise InvalidInput(field, expected=expected, given=value)
    return value


def meter_name(field: str, value: str) -> str:
    """The name of a meter in a plan to be published: without a dot, which parts a roll-up's id.

    With one, "a.b" + "c" and "a" + "b.c" would be one roll-up. Plans that were published before keep theirs.
    """
    if "." in value:
        raise InvalidInput(field, expected="the name of a meter without a dot, which parts usage ids", given=value)
    return value
