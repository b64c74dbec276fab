"""What breaks the rules of a book's files, said of a body instead: field by field, and of no file."""

from collections.abc import Iterator
from contextlib import contextmanager

from billing.api.problem import InvalidRequest
from billing.domain.book import BookError, BookErrors


@contextmanager
def said_of_body() -> Iterator[None]:
    """Raise InvalidRequest in place of BookErrors."""
    try:
        yield
    except BookErrors as error:
        raise InvalidRequest([flaw(each) for each in error.errors]) from error


def flaw(error: BookError) -> dict[str, str]:
    """One thing that is wrong, in the form of problem details."""
    detail = f"{error.column}: {error.message}" if error.column else error.message
    return {"field": error.column or "body", "detail": detail}
