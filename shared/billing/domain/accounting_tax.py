"""VAT in the currency that the seller accounts for it in, beside the invoice's own (art. 91, 230 Dir. 2006/112/EC)."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from billing.domain.currency import exponent
from billing.domain.exact import EXACT, times
from billing.domain.exchange import RATE_LASTS, ExchangeTable
from billing.domain.invoice import AccountingTax, Invoice
from billing.domain.missing_particular import MissingParticular
from billing.domain.money import Rounding, to_minor
from billing.domain.period import local_date
from billing.domain.tenant import Tenant
from billing.domain.value_added import is_value_added

_MOMENT = timedelta(microseconds=1)


def with_accounting_tax(invoice: Invoice, *, tenant: Tenant, rates: ExchangeTable) -> Invoice:
    """The invoice with its VAT in the tenant's `tax_currency`, where that is another than the invoice's.

    The rate is that of the tax point, the supply's last day, or of the day of issue where that comes first (art. 65).
    An invoice without VAT needs none. Raises MissingParticular where no rate applies on that day.
    """
    currency = tenant.tax_currency
    if currency in ("", invoice.currency) or not invoice.tax or not is_value_added(invoice.lines, invoice.tax_lines):
        return invoice
    day = min(local_date(invoice.period.end - _MOMENT, zone=invoice.zone), invoice.issued_on)
    rate = rates.lookup(invoice.currency, currency, day=day)
    if rate is None:
        raise _no_rate(invoice, currency=currency, day=day)
    at_rate = AccountingTax(currency=currency, rate=rate.rate, rate_on=rate.on, tax=0)
    tax = accounted(invoice.tax, invoice.currency, at_rate, rounding=tenant.rounding)
    return replace(invoice, accounting_tax=replace(at_rate, tax=tax))


def accounted(tax: int, currency: str, at_rate: AccountingTax, *, rounding: Rounding) -> int:
    """A tax in minor units of `currency` at the rate of another tax, in minor units of that one's currency."""
    major = EXACT.scaleb(times(Decimal(tax), at_rate.rate), -exponent(currency))
    return to_minor(major, at_rate.currency, rounding=rounding)


def _no_rate(invoice: Invoice, *, currency: str, day: date) -> MissingParticular:
    return MissingParticular(
        "exchange_rates",
        expected=f"a rate of {invoice.currency} to {currency} of {day} or at most {RATE_LASTS.days} days before it",
        rule="art. 230 Directive 2006/112/EC",
        way_out="import one with exchange_rates.csv",
    )
