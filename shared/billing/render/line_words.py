"""What this product itself wrote into an invoice in English, in the language of the document.

A tenant's own names stay as they are: only endings that are recognisably ours are translated, word for word as the
English row of the words has them.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_decimal

from billing.render.words import Words, words_of

_ENDINGS = (
    "line_proration",
    "line_credit",
    "line_commitment",
    "line_discount",
    "line_included",
    "line_late",
    "line_free_tier",
    "line_tier",
    "line_per_started",
    "every_day",
    "every_week",
    "every_month",
    "every_year",
    "every_days",
    "every_weeks",
    "every_months",
    "every_years",
)
_NOTES = ("note_reverse_charge", "note_outside", "note_exempt", "vat", "sales_tax")
_GROUPS = {"name": "(?P<name>.+)", "number": r"(?P<number>[\d,.]+)", "days": r"(?P<days>\d.*)"}


def translated_line(description: str, *, words: Words) -> str:
    """A line's description with our additions ("- proration", "(monthly)") in another language; else as it is."""
    return description if words.language == "en" else _translated(description, words.language)


def translated_note(note: str, *, words: Words) -> str:
    """A tax's note or name in another language where it is one of ours; else as it is."""
    english = words_of("en")
    return next((str(getattr(words, field)) for field in _NOTES if getattr(english, field) == note), note)


@lru_cache(maxsize=4096)
def _translated(description: str, language: str) -> str:
    for field, pattern in _patterns():
        if found := pattern.fullmatch(description):
            parts = {group: _part(group, text, language) for group, text in found.groupdict().items()}
            return str(getattr(words_of(language), field)).format(**parts)
    return description


def _part(group: str, text: str, language: str) -> str:
    match group:
        case "number":
            return str(format_decimal(Decimal(text.replace(",", "")), locale=language))
        case "days":
            return text.replace(" to ", " – ")
        case _:
            return _translated(text, language)


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(_compiled())


def _compiled() -> Iterator[tuple[str, re.Pattern[str]]]:
    english = words_of("en")
    for field in _ENDINGS:
        escaped = re.escape(getattr(english, field))
        for name, group in _GROUPS.items():
            escaped = escaped.replace(re.escape(f"{{{name}}}"), group)
        yield field, re.compile(escaped, re.IGNORECASE)
