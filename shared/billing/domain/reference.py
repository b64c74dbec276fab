"""Find invoice numbers in the text of a transfer: whole ones, whatever case, blanks and punctuation (semantics 8).

A text is its runs of letters and digits. A number is found where it is exactly one run or several that follow each
other: `inv 2026-02` + a line break + `0047` is INV-2026-02-0047, and INV-2026-02-00047 or 10INV-2026-02-0047 is not.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from string import Formatter
from typing import Generic, TypeVar

from billing.domain.bank import squeezed
from billing.domain.numbering import NumberSeries

T = TypeVar("T")

_LONGEST = 60  # letters and digits of a number; its format has at most 100 characters
_LEAST_DIGITS = 6  # a number of digits alone has at least so many, or it could be anything
_CREDITOR_REFERENCE = re.compile(r"RF[0-9]{2}[A-Z0-9]{1,21}")


@dataclass(frozen=True, slots=True)
class Candidate:
    """Runs `start` to `stop` (not included) of a text, joined: what could be a number."""

    start: int
    stop: int
    text: str


@dataclass(frozen=True, slots=True)
class Ambiguous(Generic[T]):
    """Numbers that share a part of the text, so that it can't be told which of them was meant."""

    named: tuple[T, ...]


def candidates(text: str) -> Iterator[Candidate]:
    """Everything in a text that could be a whole number, as capital letters and digits."""
    runs = _runs(text)
    for start in range(len(runs)):
        joined = ""
        for stop in range(start, len(runs)):
            joined += runs[stop]
            if len(joined) > _LONGEST:
                break
            yield Candidate(start, stop + 1, joined)


def creditor_payload(text: str, *, is_valid: Callable[[str], bool]) -> str:
    """What an ISO 11649 reference (RF, two check digits, the creditor's own) is about; "" where it is none."""
    return text[4:] if _CREDITOR_REFERENCE.fullmatch(text) and is_valid(text) else ""


def named_in(
    text: str, known: Mapping[str, tuple[str, T]], *, is_creditor_reference: Callable[[str], bool]
) -> tuple[T, ...] | Ambiguous[T]:
    """What a text names, in its order, of the `known` numbers.

    Those are by number in capital letters and digits alone, each with the number as it is printed. A number after RF
    and two digits counts only where these check. Ambiguous where two numbers share a part of the text.
    """
    runs = _runs(text)
    found: dict[int, set[str]] = {}  # by run, the numbers that it is a part of
    for each in candidates(text):
        number = creditor_payload(each.text, is_valid=is_creditor_reference)
        if number not in known:
            number = each.text if each.text in known and _stands_alone(each, runs, printed=known[each.text][0]) else ""
        if number:
            for run in range(each.start, each.stop):
                found.setdefault(run, set()).add(number)
    numbers = dict.fromkeys(number for run in sorted(found) for number in sorted(found[run]))
    named = tuple(known[number][1] for number in numbers)
    return Ambiguous(named) if any(len(shared) > 1 for shared in found.values()) else named


def printed_number(text: str, series: NumberSeries) -> str:
    """The number of a series that these letters and digits are, as it is printed; "" where they are none of it."""
    found = _pattern(series.format).fullmatch(text)
    if found is None:
        return ""
    parts = {name: int(part) for name, part in found.groupdict().items()}
    number = series.format.format(**{"year": 0, "month": 0, **parts})
    return number if squeezed(number) == text else ""


def _runs(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).upper())


def _stands_alone(found: Candidate, runs: list[str], *, printed: str) -> bool:
    """Whether a number found is no part of a creditor reference, and no date or amount where it is all digits."""
    if found.start and re.fullmatch(r"RF[0-9]{2}", runs[found.start - 1]):
        return False
    if not found.text.isdigit():
        return True
    return len(found.text) >= _LEAST_DIGITS and _breaks(runs[found.start : found.stop]) <= _breaks(_runs(printed))


def _breaks(runs: list[str]) -> set[int]:
    """After how many characters a number is parted."""
    return {sum(len(run) for run in runs[:count]) for count in range(1, len(runs))}


@lru_cache(maxsize=64)
def _pattern(text: str) -> re.Pattern[str]:
    """What a format's numbers look like in capital letters and digits."""
    known = {"year": "[0-9]{4}", "month": "[0-9]{2}", "sequence": "[0-9]{1,18}"}
    parts: list[str] = []
    seen: set[str] = set()
    for literal, name, _, _ in Formatter().parse(text):
        parts.append(re.escape(squeezed(literal)))
        if name is not None:
            parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>{known[name]})")
            seen.add(name)
    return re.compile("".join(parts))
