"""JSON text as values: decimals by their digits, and refused what two readers may take in two ways."""

import json
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from billing.adapters.book_files.json_faults import first_fault


def exact_json(text: str) -> Any:  # noqa: ANN401 - any JSON
    """The value, each decimal exactly.

    JSONDecodeError, which says where, for what is no JSON, a key twice in one object (RFC 8259 4 leaves it open which
    of them counts), NaN and infinity, and a number of thousands of digits. RecursionError where it is too deep.
    """
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_without_repeats)
    except json.JSONDecodeError:
        raise
    except (ValueError, InvalidOperation) as error:
        at, reason = first_fault(text) or (0, str(error))
        raise json.JSONDecodeError(reason, text, at) from error


def _no_number(text: str) -> None:
    raise ValueError(text)


def _without_repeats(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(pairs)
    return found
