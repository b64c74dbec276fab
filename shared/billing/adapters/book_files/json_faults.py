"""Where JSON breaks a rule that a reader enforces only while it builds the values, without knowing their place."""

import json
import re
from decimal import Decimal, InvalidOperation

LONGEST_INTEGER = 4300
"""Digits. Python reads no longer ones (its guard against quadratic time), and no amount is near it."""

_LONGEST_SHOWN = 80
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|-?Infinity|NaN|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?')
_COLON = re.compile(r"[ \t\r\n]*:")


def first_fault(text: str) -> tuple[int, str] | None:
    """The offset of the first such fault and what it is: a key twice in one object, NaN or infinity, a huge number.

    None where there is none; `text` may end early.
    """
    open_keys: list[set[str]] = [set()]
    for token in _TOKEN.finditer(text):
        word = token[0]
        if word in ("{", "["):
            open_keys.append(set())
        elif word in ("}", "]"):
            open_keys = open_keys[:-1] or [set()]
        elif fault := _fault(word, open_keys[-1], is_key=_COLON.match(text, token.end()) is not None):
            return token.start(), fault
    return None


def _fault(word: str, keys: set[str], *, is_key: bool) -> str:
    if is_key and word[0] == '"':
        key = str(json.loads(word, strict=False))
        if key in keys:
            return f"the key {key[:_LONGEST_SHOWN]!r} stands twice in one object"
        keys.add(key)
    elif word[0] in "-IN":
        return f"{word} is no number"
    elif word.isdigit() and len(word) > LONGEST_INTEGER:
        return f"a number has {len(word)} digits"
    elif word[0].isdigit() and not _is_number(word):
        return f"{word[:_LONGEST_SHOWN]} is beyond all numbers"
    return ""


def _is_number(word: str) -> bool:
    try:
        Decimal(word)
    except InvalidOperation:  # an exponent of 19 digits
        return False
    return True
