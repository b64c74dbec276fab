"""What is wrong in a book, collected so that a reader mends all of it at once."""

from decimal import Decimal

from pydantic_core import ErrorDetails

from billing.domain.book import BookError, BookErrors
from billing.domain.errors import InvalidInput

_KEPT = 200


class ErrorLog:
    """The errors so far: the first 200 are kept, all are counted."""

    def __init__(self) -> None:
        self._kept: list[BookError] = []
        self.count = 0

    @property
    def is_full(self) -> bool:
        """Whether further errors are counted alone."""
        return len(self._kept) >= _KEPT

    def add(self, file: str, message: str, *, line: int = 0, column: str = "") -> None:
        """Note one error."""
        self.count += 1
        if not self.is_full:
            self._kept.append(BookError(file=file, line=line, column=column, message=message))

    def add_rule(self, file: str, error: InvalidInput, *, line: int = 0, column: str = "") -> None:
        """Note a value that breaks a rule of the domain; its place is `column`, or what the rule calls the field."""
        self.add(file, broken_rule(error), line=line, column=column or error.field)

    def raise_if_any(self) -> None:
        """BookErrors with everything noted, file by file and from top to bottom, unless that is nothing."""
        if self.count:
            files = list(dict.fromkeys(error.file for error in self._kept))
            ordered = sorted(self._kept, key=lambda error: (files.index(error.file), error.line))
            raise BookErrors(ordered, count=self.count)


def broken_model(error: ErrorDetails) -> str:
    """What a model expected and got, in the words of the rules."""
    match error["type"]:
        case "rule":
            return str(error["msg"])
        case "model_type" | "dict_type":
            expected = "an object"
        case "tuple_type":
            expected = "a list"
        case "enum" | "literal_error":
            expected = f"one of {error['ctx']['expected']}"
        case _:
            expected = error["msg"].removeprefix("Input should be ").replace("a valid integer", "a whole number")
    given = str(error["input"]) if isinstance(error["input"], Decimal) else error["input"]
    return broken_rule(InvalidInput("", expected=expected, given=given))


def broken_rule(error: InvalidInput) -> str:
    """What a rule expected and got, without the field's name."""
    return str(error).removeprefix(f"{error.field}: ")
