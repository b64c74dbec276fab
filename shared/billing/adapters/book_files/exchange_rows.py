"""exchange_rates.csv: what one currency is worth in another, for tax that is accounted for in the seller's own."""

from pathlib import Path

from billing.adapters.book_files.cell_types import Currency, Day, Number, Text
from billing.adapters.book_files.csv_rows import Row, RowModel, read_rows
from billing.adapters.book_files.error_log import ErrorLog
from billing.domain.errors import InvalidInput
from billing.domain.exchange import ExchangeRate, ExchangeTable

_COLUMNS = {"exchange_rate.to": "to", "exchange_rate.rate": "rate", "exchange_rate.valid_to": "valid_to"}


class _ExchangeRow(RowModel):
    date: Day
    base: Currency
    to: Currency
    rate: Number
    valid_to: Day | None = None
    source: Text = ""


def read_exchange_rates(path: Path, *, log: ErrorLog) -> ExchangeTable:
    """The exchange rates of a book, none where the file is missing; what is wrong is logged."""
    rows = read_rows(path, _ExchangeRow, key="date", log=log, required=False)
    rates: dict[tuple[str, str, str], tuple[ExchangeRate, int]] = {}
    for row in rows.valid:
        rate = _rate(row, file=rows.file, log=log)
        if rate is None:
            continue
        key = rate.base, rate.quote, rate.on.isoformat()
        if key in rates:
            message = f"expected one rate of {rate.base} to {rate.quote} a day, line {rates[key][1]} has one already"
            log.add(rows.file, message, line=row.line, column="date")
        else:
            rates[key] = rate, row.line
    return ExchangeTable(rates=tuple(rate for rate, _ in rates.values()))


def _rate(row: Row[_ExchangeRow], *, file: str, log: ErrorLog) -> ExchangeRate | None:
    given = row.value
    try:
        return ExchangeRate(
            base=given.base,
            quote=given.to,
            rate=given.rate,
            on=given.date,
            valid_to=given.valid_to,
            source=given.source,
        )
    except InvalidInput as error:
        log.add_rule(file, error, line=row.line, column=_COLUMNS.get(error.field, error.field))
        return None
