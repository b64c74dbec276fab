"""Verify number series: consecutive from 1 to the last number that the counter says was given, each once."""

import re
from itertools import islice

from billing.domain.finding import FindingKind
from billing.domain.number_check import NumberCheck, SeriesSeen
from billing.domain.numbering import Restart
from billing.ports import Filter, Query
from billing.store.collection import Collection
from billing.usecases.verification import Verification

_A_QUERY = 30
_MOST_MISSING = 1_000


def verify_numbers(verification: Verification) -> None:
    """Check the series that the invoices and credit notes of the periods are numbered in."""
    context = verification.context
    for check, collection in (
        (verification.invoice_numbers, context.invoices.collection),
        (verification.credit_note_numbers, context.credit_notes.collection),
    ):
        names = sorted(check.series)
        for counter in context.series.get(names):
            _verify_series(verification, check, collection, name=counter.series, last=counter.last)
        for number in sorted(check.repeated):
            query = Query(
                collection.path, filters=(Filter("number", "==", number),), limit=_A_QUERY, fields=("number",)
            )
            ids = ", ".join(each.id for each in verification.documents.query(query))
            message = f"number {number} was given more than once: {ids}"
            verification.find(FindingKind.NUMBER_REPEATED, f"{collection.name}/{number}", message, name=number)
    if verification.request.periods is None:
        _verify_unseen(verification)


def _verify_series(
    verification: Verification, check: NumberCheck, collection: Collection, *, name: str, last: int
) -> None:
    seen = check.series[name]
    if last < seen.highest:
        given, said = check.numbers.number(seen.day, seen.highest), check.numbers.number(seen.day, last)
        message = f"series {name} was last at {said} by its counter, but {given} exists: numbers would be given twice"
        verification.find(FindingKind.COUNTER_DIFFERS, f"counters/{name}", message, name=given)
    for number in _missing(verification, check, collection, seen, last=max(last, seen.highest)):
        message = f"number {number} of series {name} is missing"
        verification.find(FindingKind.NUMBER_MISSING, f"counters/{name}", message, name=number)


def _verify_unseen(verification: Verification) -> None:
    """A series that gave numbers has documents; one without any lost them all."""
    for page in verification.pages("counters", Query(verification.context.series.collection.path)):
        ids = [each.id for each in page]
        for check in (verification.invoice_numbers, verification.credit_note_numbers):
            own = re.compile(re.escape(check.numbers.counter) + "(-[0-9]{4}(-[0-9]{2})?)?")
            names = [each for each in ids if own.fullmatch(each) and each not in check.series]
            for counter in verification.context.series.get(names):
                message = f"series {counter.series} gave {counter.last} numbers by its counter, and no document has one"
                entity = f"counters/{counter.series}"
                verification.find(FindingKind.NUMBER_MISSING, entity, message, name=counter.series)


def _missing(
    verification: Verification, check: NumberCheck, collection: Collection, seen: SeriesSeen, *, last: int
) -> list[str]:
    """The numbers that no document has; one outside of the verified periods may have them.

    With periods, a series that goes on for years is asked from a little below their lowest number: what was given
    earlier was asked for in its own time.
    """
    missing: list[str] = []
    is_whole = verification.request.periods is None or check.numbers.restart is Restart.MONTH
    sequences = seen.missing(last, first=1 if is_whole else seen.lowest - _A_QUERY)
    while len(missing) < _MOST_MISSING and (part := list(islice(sequences, _A_QUERY))):
        numbers = [check.numbers.number(seen.day, each) for each in part]
        query = Query(collection.path, filters=(Filter("number", "in", [*numbers]),), fields=("number",))
        elsewhere = {each.fields["number"] for each in verification.documents.query(query)}
        missing += [number for number in numbers if number not in elsewhere]
    return missing
