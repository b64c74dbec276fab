"""`billing invoices create`: invoice a customer once, and show the invoice."""

from dataclasses import dataclass
from uuid import uuid4

from billing.cli.by_hand import complain, unsettled_json
from billing.cli.directory import day_of, open_call
from billing.cli.errors import DONE, HAD_FAILURES
from billing.cli.invoice_page import print_invoice
from billing.cli.place import Place
from billing.cli.run_json import pdf_path
from billing.cli.screen import answers, write_json
from billing.domain.errors import InvalidInput
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.money import parse_decimal
from billing.domain.run_report import Settled
from billing.store.codec import encode
from billing.store.ids import checked_id
from billing.store.invoices import Invoices
from billing.usecases.invoice_once import invoice_once, preview_once
from billing.usecases.one_off_draft import OneOff, OneOffLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked on the command line, as text."""

    customer_id: str
    lines: tuple[str, ...]
    tax_inclusive: bool
    due: str | None
    reference: str
    note: str
    draft: bool
    dry_run: bool
    key: str | None

    @property
    def one_off(self) -> OneOff:
        """What is to be invoiced. InvalidInput for what can't be read."""
        return OneOff(
            customer_id=checked_id("--customer", self.customer_id),
            key=f"cli/{self.key or uuid4().hex}",
            lines=tuple(_line(each, tax_inclusive=self.tax_inclusive) for each in self.lines),
            due_on=None if self.due is None else day_of(self.due, option="--due"),
            reference=self.reference,
            notes=(self.note,) if self.note else (),
        )


def run_create(asked: Asked, *, place: Place) -> int:
    """Issue it, hold it, or (a dry run) work it out, and print it; the exit code."""
    engine, tenant, call = open_call(place)
    if asked.dry_run:
        _show(preview_once(engine.documents, asked.one_off, call=call), Settled(), is_held=False, place=place)
        return DONE
    options = engine.run_options(tenant.id)
    made = invoice_once(engine.documents, asked.one_off, call=call, draft=asked.draft, payment_url=options.payment_url)
    is_held = made.invoice.value.status is InvoiceStatus.DRAFT
    settled = Settled() if made.known or is_held else options.settle([made.invoice], {})
    stands = Invoices.of(engine.documents, tenant.id).named(made.invoice.value.id).value
    _show(stands, settled, is_held=is_held, place=place)
    return HAD_FAILURES if settled.failures else DONE


def _show(invoice: Invoice, settled: Settled, *, is_held: bool, place: Place) -> None:
    if place.as_json:
        write_json({**encode(invoice), "errors": unsettled_json(settled)})
        return
    print_invoice(invoice, pdf=pdf_path(invoice, directory=place.directory), console=answers())
    if is_held:
        told = f"Waits for approval: `billing invoices approve {invoice.id}` issues it, `reject` discards it."
        answers().print(told, soft_wrap=True, markup=False)
    complain(settled)


def _line(text: str, *, tax_inclusive: bool) -> OneOffLine:
    parts = [each.strip() for each in text.rsplit(";", 2)]
    if len(parts) != 3 or not parts[0]:
        raise InvalidInput("--line", expected="'TEXT; QUANTITY; PRICE', such as 'Set-up; 1; 250.00'", given=text)
    return OneOffLine(
        description=parts[0],
        quantity=parse_decimal(parts[1], field="--line quantity"),
        unit_price=parse_decimal(parts[2], field="--line price"),
        tax_inclusive=tax_inclusive,
    )
