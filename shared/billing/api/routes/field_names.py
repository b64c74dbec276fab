"""A rule names its own value; the caller is told the field of the body that it stands in."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from billing.domain.errors import InvalidInput

FieldOf = Callable[[InvalidInput], str]
"""The field of the body that an error of a rule is about."""


def by_name(names: Mapping[str, str]) -> FieldOf:
    """The field by the rule's name for it, `{given}` standing for the value; any other name is the field's own."""
    return lambda error: names[error.field].format(given=error.given) if error.field in names else error.field


@contextmanager
def said_of(field_of: FieldOf) -> Iterator[None]:
    """Raise an InvalidInput, of whichever kind, with the field of the body; one that has words of its own stays."""
    try:
        yield
    except InvalidInput as error:
        field, kind = field_of(error), type(error)
        if field == error.field or kind.__init__ is not InvalidInput.__init__:
            raise
        raise kind(field, expected=error.expected, given=error.given) from error
