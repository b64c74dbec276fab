"""Whether the numbers of invoices are consecutive: no gap, no repeat, none that the series would not give."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from billing.domain.numbering import NumberSeries


@dataclass(slots=True, kw_only=True)
class SeriesSeen:
    """The numbers seen of one series, a byte each; `day` is one that belongs to the series."""

    day: date
    seen: bytearray = field(default_factory=bytearray)

    def add(self, sequence: int) -> bool:
        """Note a sequence; whether it was seen for the first time."""
        if sequence >= len(self.seen):
            self.seen.extend(bytes(sequence + 1 - len(self.seen)))
        first = not self.seen[sequence]
        self.seen[sequence] = 1
        return first

    @property
    def highest(self) -> int:
        """The highest sequence seen; 0 of none."""
        return max(len(self.seen) - 1, 0)

    @property
    def lowest(self) -> int:
        """The lowest sequence seen; 0 of none."""
        return max(self.seen.find(1), 0)

    def missing(self, last: int, *, first: int = 1) -> Iterator[int]:
        """The sequences from `first` to `last` that were not seen."""
        return (each for each in range(max(first, 1), last + 1) if each >= len(self.seen) or not self.seen[each])


@dataclass(slots=True, kw_only=True)
class NumberCheck:
    """The numbers of one kind of document, invoices or credit notes, noted one by one in any order."""

    numbers: NumberSeries
    series: dict[str, SeriesSeen] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)

    def add(self, number: str, *, day: date) -> bool:
        """Note a number whose year and month are those of a day; False where the series would not have given it."""
        sequence = self.numbers.sequence_of(number, day)
        if sequence is None:
            return False
        seen = self.series.setdefault(self.numbers.series_of(day), SeriesSeen(day=day))
        if not seen.add(sequence):
            self.repeated.add(number)
        return True
