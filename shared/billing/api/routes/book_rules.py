"""What breaks the rules of a book's files, said of a body instead: field by field, and of no file."""

from collections.abc import Iterator
from contextlib import contextmanager

from billing.api.problem import InvalidRequest
from billing.domain.book import BookErrors


@contextmanager
def said_of_body() -> Iterator[None]:
    """Raise InvalidRequest in place of BookErrors."""
    try:
        yield
    except BookErrors as error:
        flaws = [
            {
                "field": each.column or "body",
                "detail": f"{each.column}: {each.message}" if each.column else each.message,
            }
            for each in error.errors
        ]
        raise InvalidRequest(flaws) from error
