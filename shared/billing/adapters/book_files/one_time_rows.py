"""one_time_charges.csv: what a subscription owes once."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from billing.adapters.book_files.cell_types import Day, Flag, Key, Name, Number
from billing.adapters.book_files.csv_rows import Row, RowModel, Rows, read_rows
from billing.adapters.book_files.error_log import ErrorLog
from billing.domain.errors import InvalidInput
from billing.domain.one_time_charges import require_payable
from billing.domain.period import local_midnight
from billing.domain.subscription import OneTimeCharge, Subscription


class OneTimeRow(RowModel):
    """One charge; it goes on the first bill dated on or after that day."""

    subscription_id: Key
    charge_id: Key
    name: Name
    quantity: Number = Decimal(1)
    unit_price: Number
    charged_on: Day
    tax_inclusive: Flag = False


def read_one_time_rows(path: Path, *, log: ErrorLog) -> Rows[OneTimeRow]:
    """The rows of the file, none where it is missing; what is wrong is logged."""
    return read_rows(path, OneTimeRow, key="subscription_id", log=log, required=False)


def one_time_charges(
    subscription: Subscription, rows: Sequence[Row[OneTimeRow]], *, log: ErrorLog
) -> tuple[OneTimeCharge, ...]:
    """The charges of one subscription in the order of their rows; what is wrong is logged."""
    lines: dict[str, int] = {}
    charges = []
    for row in rows:
        first = lines.setdefault(row.value.charge_id, row.line)
        try:
            charges.append(_charge(subscription, row.value, first=None if first == row.line else first))
        except InvalidInput as error:
            log.add_rule("one_time_charges.csv", error, line=row.line)
    return tuple(charges)


def _charge(subscription: Subscription, given: OneTimeRow, *, first: int | None) -> OneTimeCharge:
    if first is not None:
        expected = f"an id that does not stand in line {first} already"
        raise InvalidInput("charge_id", expected=expected, given=given.charge_id)
    charged_at = local_midnight(given.charged_on, zone=subscription.zone)
    if charged_at < subscription.begun or (subscription.end is not None and charged_at >= subscription.end):
        raise InvalidInput("charged_on", expected="a day of the subscription's life", given=str(given.charged_on))
    one_time = OneTimeCharge(
        id=given.charge_id,
        name=given.name,
        quantity=given.quantity,
        unit_price=given.unit_price,
        charged_at=charged_at,
        tax_inclusive=given.tax_inclusive,
    )
    require_payable(one_time)
    return one_time
