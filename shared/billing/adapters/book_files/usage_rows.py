"""usage.csv: what was used on which day. Checked by hand and not by models: a book may hold a million rows."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from os.path import lexists
from pathlib import Path
from typing import TypeVar

from billing.adapters.book_files.cell_types import FIRST_DAY, LAST_DAY, checked_day, checked_name, checked_number
from billing.adapters.book_files.csv_rows import Rows, read_table
from billing.adapters.book_files.customer_rows import CustomerRow
from billing.adapters.book_files.error_log import ErrorLog
from billing.adapters.book_files.subscription_rows import BookedSubscription
from billing.domain.catalog import Aggregation
from billing.domain.errors import InvalidInput
from billing.domain.period import local_midnight
from billing.domain.usage import UsageEvent

T = TypeVar("T")

_COLUMNS = ("customer_id", "date", "metric", "quantity", "timestamp", "subscription_id", "value", "event_id")
_NEEDED = ("customer_id", "metric", "quantity")
_ONE = Decimal(1)
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageContext:
    """What usage rows refer to. `complete` is false where a subscription was left out for an error of its own.

    A date is a day in its subscription's zone; `zone`, the tenant's, is that of a row that is nobody's.
    """

    zone: str
    customer_rows: Rows[CustomerRow]
    subscriptions: Sequence[BookedSubscription]
    complete: bool
    log: ErrorLog


@dataclass(frozen=True, slots=True)
class _Metered:
    """One subscription's meter, and from when to when it counts."""

    subscription_id: str
    zone: str
    start: datetime
    end: datetime | None
    aggregation: Aggregation


def read_usage(path: Path, context: UsageContext) -> tuple[UsageEvent, ...]:
    """The usage of a book, none where the file is missing; what is wrong is logged."""
    if not lexists(path):
        return ()
    log = context.log
    table = read_table(path, needed=_NEEDED, known=_COLUMNS, log=log)
    if table is None:
        return ()
    if ("date" in table.columns) == ("timestamp" in table.columns):
        log.add(path.name, "expected either a date or a timestamp column", line=1, column="date")
        return ()
    reader = _RowReader(context, {name: index for index, name in enumerate(table.columns)})
    events = []
    for line, cells in table.records():
        try:
            event = reader.event([cell.strip() for cell in cells], line=line)
        except InvalidInput as error:
            log.add_rule(path.name, error, line=line)
        else:
            if event is not None:
                events.append(event)
    return tuple(events)


@dataclass(slots=True)
class _RowReader:
    """Reads row after row; what many rows share is worked out once."""

    context: UsageContext
    at: Mapping[str, int]
    metered: dict[tuple[str, str], list[_Metered]] = field(default_factory=lambda: defaultdict(list))
    owned: dict[str, list[BookedSubscription]] = field(default_factory=lambda: defaultdict(list))
    instants: dict[tuple[str, str], datetime] = field(default_factory=dict)
    quantities: dict[str, Decimal] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for each in self.context.subscriptions:
            life = each.value
            self.owned[life.customer_id].append(each)
            for charge in each.plan.metered:
                found = _Metered(life.id, life.zone, life.begun, life.end, charge.aggregation)
                self.metered[life.customer_id, charge.meter].append(found)

    def event(self, cells: Sequence[str], *, line: int) -> UsageEvent | None:
        """The event of a row; None where another error of the book leaves open whose it is. Raises InvalidInput."""
        self._occurred_at(cells, zone=self.context.zone)  # refuses what is no day, whoever's it is
        metric = cells[self.at["metric"]]
        metered = self._metered(cells, metric)
        quantity = self._quantity(cells[self.at["quantity"]], metered)
        value = self._value(cells, metered)
        if metered is None:
            return None
        event = UsageEvent(
            id=self._id(cells, metered, value=value),
            subscription_id=metered.subscription_id,
            meter=metric,
            occurred_at=self._occurred_at(cells, zone=metered.zone),
            quantity=quantity,
            value=value,
        )
        before = self.lines.setdefault(event.id, line)
        if before != line:
            column = "event_id" if "event_id" in self.at else "date" if "date" in self.at else "timestamp"
            raise InvalidInput(column, expected=f"usage that does not stand in line {before} already", given=event.id)
        return event

    def _occurred_at(self, cells: Sequence[str], *, zone: str) -> datetime:
        column = "date" if "date" in self.at else "timestamp"
        text = cells[self.at[column]]
        known = self.instants.get((text, zone))
        if known is None:
            known = _midnight(text, zone=zone) if column == "date" else _instant(text)
            self.instants[text, zone] = known
        return known

    def _quantity(self, text: str, metered: _Metered | None) -> Decimal:
        if metered is not None and metered.aggregation in (Aggregation.COUNT, Aggregation.UNIQUE):
            if text not in ("", "1"):
                aggregation = metered.aggregation.value
                raise InvalidInput(
                    "quantity", expected=f"1 or nothing: a row is one event of a {aggregation} meter", given=text
                )
            return _ONE
        if metered is None and not text:  # so may it be where a wrong plan leaves open what the meter counts
            return _ONE
        known = self.quantities.get(text)
        if known is None:
            known = self.quantities[text] = _in_column("quantity", checked_number, text)
        return known

    def _value(self, cells: Sequence[str], metered: _Metered | None) -> str:
        value = self._cell(cells, "value")
        if metered is None:
            return value
        if (metered.aggregation is Aggregation.UNIQUE) != bool(value):
            expected = (
                "a value to count, as the meter is unique" if not value else "nothing, as the meter is not unique"
            )
            raise InvalidInput("value", expected=expected, given=value)
        return _short("value", value) if value else value

    def _id(self, cells: Sequence[str], metered: _Metered, *, value: str) -> str:
        """The row's own id, or one made of everything that tells it from other rows."""
        if "event_id" in self.at:
            return _short("event_id", self._cell(cells, "event_id"))
        when = self._cell(cells, "date") or self._occurred_at(cells, zone=metered.zone).isoformat()
        key = f"book/{metered.subscription_id}/{cells[self.at['metric']]}/{when}"
        return f"{key}/{value}" if value else key

    def _cell(self, cells: Sequence[str], column: str) -> str:
        index = self.at.get(column)
        return "" if index is None else cells[index]

    def _metered(self, cells: Sequence[str], metric: str) -> _Metered | None:
        customer_id, wanted = cells[self.at["customer_id"]], self._cell(cells, "subscription_id")
        found = [
            each
            for each in self.metered.get((customer_id, metric), ())
            if each.start <= self._occurred_at(cells, zone=each.zone)
            and (each.end is None or self._occurred_at(cells, zone=each.zone) < each.end)
            and (not wanted or each.subscription_id == wanted)
        ]
        if len(found) == 1:
            return found[0]
        if found:
            ids = " and ".join(each.subscription_id for each in found)
            raise InvalidInput("subscription_id", expected=f"one named, as {ids} both meter {metric}", given="")
        self._refuse_unmetered(cells, metric, customer_id=customer_id, wanted=wanted)
        return None

    def _refuse_unmetered(self, cells: Sequence[str], metric: str, *, customer_id: str, wanted: str) -> None:
        """Say why no subscription meters a row; say nothing where one that may do so has an error of its own."""
        if self.context.customer_rows.lacks(customer_id):
            raise InvalidInput("customer_id", expected="a customer of customers.csv", given=customer_id)
        if not self.context.complete:
            return
        own = self.owned.get(customer_id, ())
        if wanted and wanted not in {each.value.id for each in own}:
            raise InvalidInput("subscription_id", expected=f"a subscription of {customer_id}", given=wanted)
        meters = {charge.meter for each in own for charge in each.plan.metered}
        if own and metric not in meters:
            known = ", ".join(sorted(meters)) or "none"
            raise InvalidInput("metric", expected=f"a metric of the customer's plan ({known})", given=metric)
        column = "date" if "date" in self.at else "timestamp"
        expected = f"a day on which {customer_id} has a subscription that meters {metric}"
        raise InvalidInput(column, expected=expected, given=self._cell(cells, column))


def _midnight(text: str, *, zone: str) -> datetime:
    return local_midnight(_in_column("date", checked_day, text), zone=zone)


def _instant(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text)
        instant = None if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        instant = None
    if instant is None or not FIRST_DAY <= instant.date() <= LAST_DAY:
        expected = f"an instant with its offset such as 2026-02-28T10:30:00Z, from {FIRST_DAY} to {LAST_DAY}"
        raise InvalidInput("timestamp", expected=expected, given=text)
    return instant


def _short(column: str, text: str) -> str:
    if len(text) > _LONGEST:
        raise InvalidInput(column, expected=f"at most {_LONGEST} characters", given=text)
    return _in_column(column, checked_name, text)


def _in_column(column: str, check: Callable[[object], T], text: str) -> T:
    try:
        return check(text)
    except InvalidInput as error:
        raise InvalidInput(column, expected=error.expected, given=error.given) from None
