"""A rule names its own value; the caller is told the field of the body that it stands in."""

from collections.abc import Iterator
from contextlib import contextmanager

from billing.domain.errors import InvalidInput


@contextmanager
def said_of(field: str, *, rule: str) -> Iterator[None]:
    """Raise InvalidInput of that field in place of one of the rule's own."""
    try:
        yield
    except InvalidInput as error:
        if error.field != rule:
            raise
        raise InvalidInput(field, expected=error.expected, given=error.given) from error
