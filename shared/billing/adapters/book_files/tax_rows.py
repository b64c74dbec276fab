"""tax_rates.csv: the rates that the tenant charges."""

from pathlib import Path

from billing.adapters.book_files.cell_types import Country, Day, Name, Number, Text, require_state
from billing.adapters.book_files.csv_rows import Row, RowModel, read_rows
from billing.adapters.book_files.error_log import ErrorLog
from billing.domain.errors import InvalidInput
from billing.domain.tax import OverlappingTaxRates, TaxRate, TaxTable


class _TaxRow(RowModel):
    country: Country
    state: Text = ""
    name: Name
    rate_percent: Number
    valid_from: Day | None = None
    valid_to: Day | None = None


def read_tax_rates(path: Path, *, log: ErrorLog) -> TaxTable:
    """The tax rates of a book, none where the file is missing; what is wrong is logged."""
    rows = read_rows(path, _TaxRow, key="country", log=log, required=False)
    rates: dict[TaxRate, int] = {}
    for row in rows.valid:
        rate = _rate(row, file=rows.file, log=log)
        if rate in rates:
            log.add(rows.file, f"the same rate stands in line {rates[rate]}", line=row.line)
        elif rate is not None:
            rates[rate] = row.line
    try:
        return TaxTable(rates=tuple(rates))
    except OverlappingTaxRates as error:
        first = min(rates[error.first], rates[error.second])
        message = f"expected one rate a day, got two that overlap: {error.given} (the other one stands in line {first})"
        log.add(rows.file, message, line=max(rates[error.first], rates[error.second]), column="rate_percent")
        return TaxTable(rates=())


def _rate(row: Row[_TaxRow], *, file: str, log: ErrorLog) -> TaxRate | None:
    given = row.value
    try:
        require_state(given.country, given.state)
        return TaxRate(
            country=given.country,
            state=given.state,
            name=given.name,
            percent=given.rate_percent,
            valid_from=given.valid_from,
            valid_to=given.valid_to,
        )
    except InvalidInput as error:
        log.add_rule(file, error, line=row.line, column=_COLUMNS.get(error.field, error.field))
        return None


_COLUMNS = {
    "tax_rate.percent": "rate_percent",
    "tax_rate.valid_to": "valid_to",
    "tax_rate.country": "country",
    "tax_rate.name": "name",
}
