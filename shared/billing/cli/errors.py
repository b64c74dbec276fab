"""What a command answers when it cannot do what was asked: a plain line on stderr and an exit code.

0 it is done · 1 a run that could not bill everything · 2 wrong usage or input · 3 a store does not answer
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import typer

from billing.domain.errors import BillingError, Unavailable

DONE, HAD_FAILURES, WRONG_INPUT, UNAVAILABLE = range(4)


_SHOWN_ERRORS = 20


class Refused(BillingError):
    """The command can't start as it was called. The message says what to do instead."""

    code: ClassVar[str] = "refused"


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn the errors that are expected, and those of files, into a line on stderr and an exit code."""
    try:
        yield
    except Unavailable as error:
        _leave(str(error), code=UNAVAILABLE)
    except BillingError as error:
        _leave(_message(error), code=WRONG_INPUT)
    except BrokenPipeError:
        raise
    except OSError as error:
        _leave(f"{error.filename}: {error.strerror}" if error.filename else str(error), code=WRONG_INPUT)


def _message(error: BillingError) -> str:
    """The error's sentence; of a book's many errors the first ones, a line each, as compilers write them."""
    from billing.domain.book import BookErrors

    if not isinstance(error, BookErrors):
        return str(error)
    shown = [str(each) for each in error.errors[:_SHOWN_ERRORS]]
    hidden = [f"and {error.count - len(shown)} more"] if error.count > len(shown) else []
    number = "1 error" if error.count == 1 else f"{error.count} errors"
    return "\n".join([f"{number}; nothing was written", *shown, *hidden])


def _leave(message: str, *, code: int) -> None:
    typer.echo(f"billing: {message}", err=True)
    raise typer.Exit(code) from None
