"""`billing invoices preview`: the next invoice as it stands at a date."""

from dataclasses import dataclass, replace
from pathlib import Path

from billing.cli.directory import instant_or_now, open_place
from billing.cli.errors import Refused
from billing.cli.invoice_page import print_invoice
from billing.cli.place import Place
from billing.cli.run_json import billed_json
from billing.cli.screen import Json, answers, write_json
from billing.domain.credit import CreditNote
from billing.domain.figures import amount
from billing.domain.invoice import Invoice
from billing.domain.money import Money
from billing.domain.tenant import Tenant
from billing.engine import Engine
from billing.usecases.preview_invoice import Preview, preview_invoices

PREVIEW = "PREVIEW"
"""What stands on a preview in place of a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whose next invoice, when, and the file to draw it into."""

    customer_id: str | None
    subscription_id: str | None
    at: str | None
    pdf: Path | None


def show_preview(wanted: Wanted, *, place: Place) -> None:
    """Print the next bill of a subscription, or of each of a customer's."""
    if (wanted.customer_id is None) == (wanted.subscription_id is None):
        message = "whose? Use --customer or --subscription"
        raise Refused(message)
    engine, tenant = open_place(place)
    at = instant_or_now(wanted.at, zone=tenant.zone, option="--at")
    previews = preview_invoices(
        engine.documents,
        tenant_id=tenant.id,
        at=at,
        customer_id=wanted.customer_id,
        subscription_id=wanted.subscription_id,
    )
    if wanted.pdf is not None:
        _draw(engine, tenant, previews, into=wanted.pdf)
    if place.as_json:
        bills = [preview_json(each, directory=place.directory) for each in previews]
        write_json({"tenant_id": tenant.id, "at": at.isoformat(), "previews": bills})
    else:
        for number, each in enumerate(previews):
            _print(each, apart=number > 0)


def _draw(engine: Engine, tenant: Tenant, previews: list[Preview], *, into: Path) -> None:
    invoices = [each.outcome for each in previews if isinstance(each.outcome, Invoice)]
    if len(invoices) != 1:
        message = f"--pdf draws one invoice, and there are {len(invoices)}; name one with --subscription"
        raise Refused(message)
    into.write_bytes(engine.draw(tenant, replace(invoices[0], number=PREVIEW)))


def preview_json(preview: Preview, *, directory: Path) -> Json:
    """A bill to come as JSON: an invoice, a credit note, or why there is neither."""
    answer: Json = {
        "subscription_id": preview.subscription_id,
        "bill_for_date": preview.bill_for_date.isoformat(),
        "invoice": None,
        "credit_note": None,
        "skipped": None,
    }
    match preview.outcome:
        case Invoice() as invoice:
            return answer | {"invoice": billed_json(invoice, directory=directory)}
        case CreditNote() as note:
            total = str(Money(note.total, note.currency).amount)
            return answer | {"credit_note": {"currency": note.currency, "total": total}}
        case reason:
            return answer | {"skipped": reason}


def _print(preview: Preview, *, apart: bool) -> None:
    console = answers()
    if apart:
        console.print()
    due = f"{preview.bill_for_date:%Y-%m-%d %H:%M} UTC"
    console.print(f"Preview of {preview.subscription_id}, to be billed {due}", markup=False)
    match preview.outcome:
        case Invoice() as invoice:
            print_invoice(invoice, pdf=None, console=console)
        case CreditNote() as note:
            console.print(f"A credit note of {amount(note.total, note.currency)} {note.currency}")
        case reason:
            console.print(f"No invoice: {reason.replace('_', ' ')}")
