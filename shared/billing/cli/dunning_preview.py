"""`billing dunning preview`: what a policy does to an example, a customer's invoice or a real one, by date."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rich.markup import escape

from billing.cli.directory import instant_or_now, open_place
from billing.cli.dunning_words import next_words, row_json
from billing.cli.errors import Refused
from billing.cli.place import Place
from billing.cli.screen import answers, columns, write_json
from billing.domain.customer import Customer
from billing.domain.decline import DECLINE_CODES
from billing.domain.dunning_case import CaseCause
from billing.domain.dunning_example import EXAMPLE_CUSTOMER, example_invoice
from billing.domain.dunning_policy import DEFAULT_NAME, DunningPolicy
from billing.domain.dunning_preview import SOFT_DECLINE, PreviewRow, preview
from billing.domain.errors import NotFound
from billing.domain.invoice import CollectionMethod, Invoice
from billing.domain.invoice_payment import is_open, overdue
from billing.domain.period import local_date, local_midnight
from billing.domain.tenant import Tenant
from billing.ports import Documents
from billing.store.customers import Customers
from billing.store.ids import checked_id
from billing.store.invoices import Invoices


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewChoice:
    """What is previewed, as it was typed: one of the first three, else an example under the default policy."""

    policy: str | None
    customer_id: str | None
    invoice: str | None
    started_on: str | None
    decline: str | None
    transfer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """What came of it: whose, under which policy, on which assumption, and the rows."""

    subject: str
    policy: DunningPolicy
    assumption: str
    rows: Sequence[PreviewRow]
    doubt: str = ""


def show_preview(choice: PreviewChoice, *, place: Place) -> None:
    """Print the rows. Refused for options that contradict each other and for an invoice that is not owed."""
    _require_one(choice)
    engine, tenant = open_place(place)
    if choice.invoice is not None:
        shown = _of_invoice(engine.documents, choice.invoice, choice, tenant=tenant)
    else:
        shown = _of_example(engine.documents, choice, tenant=tenant)
    if place.as_json:
        rows = [row_json(each) for each in shown.rows]
        write_json({"of": shown.subject, "policy": shown.policy.name, "assumption": shown.assumption, "rows": rows})
    else:
        _print(shown)


def _require_one(choice: PreviewChoice) -> None:
    subjects = {"--policy": choice.policy, "--customer": choice.customer_id, "--invoice": choice.invoice}
    if len(named := [option for option, value in subjects.items() if value is not None]) > 1:
        message = f"{' and '.join(named)} are different previews: use one of them"
        raise Refused(message)
    if choice.decline is not None and (choice.transfer or choice.invoice is not None):
        message = "--decline goes with a card: leave --transfer out; an invoice has declines of its own"
        raise Refused(message)
    if choice.transfer and choice.invoice is not None:
        message = "--transfer is for examples: an invoice says itself how it is paid"
        raise Refused(message)


def _of_example(documents: Documents, choice: PreviewChoice, *, tenant: Tenant) -> _Shown:
    customer = EXAMPLE_CUSTOMER if choice.customer_id is None else _customer(documents, choice.customer_id, tenant)
    is_example = choice.customer_id is None
    policy = tenant.dunning.named(choice.policy or DEFAULT_NAME) if is_example else tenant.dunning.of(customer)
    cause, code = _cause(choice, customer, is_example=is_example), choice.decline or SOFT_DECLINE
    started_on = local_date(_since(choice, tenant=tenant), tenant.zone)
    invoice = example_invoice(customer, started_on=started_on, zone=tenant.zone, cause=cause, code=code)
    rows = preview(
        policy,
        invoice,
        customer,
        as_of=local_midnight(started_on, tenant.zone),
        has_gateway=is_example or bool(tenant.gateway),
        has_mail=is_example or _has_mail(tenant, customer),
    )
    is_card = cause is CaseCause.PAYMENT_FAILED
    return _Shown(
        subject="an example" if is_example else customer.id,
        policy=policy,
        assumption=f"each charge is declined: {code}" if is_card else "it is to be paid by transfer, and overdue",
        rows=rows,
        doubt="" if not is_card or code in DECLINE_CODES else f"{code} is no decline code that is known",
    )


def _cause(choice: PreviewChoice, customer: Customer, *, is_example: bool) -> CaseCause:
    by_card = is_example or customer.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY
    return CaseCause.PAYMENT_FAILED if choice.decline or (by_card and not choice.transfer) else CaseCause.OVERDUE


def _of_invoice(documents: Documents, named: str, choice: PreviewChoice, *, tenant: Tenant) -> _Shown:
    invoice = Invoices.of(documents, tenant.id).named(named).value
    if not is_open(invoice):
        message = f"{invoice.number or invoice.id} is {invoice.status.value}: nobody is chased for it"
        raise Refused(message)
    customer = _customer(documents, invoice.customer_id, tenant)
    policy, as_of = tenant.dunning.of(customer), _since(choice, tenant=tenant)
    chased, assumption = _as_chased(invoice)
    rows = preview(
        policy,
        chased,
        customer,
        as_of=max(as_of, chased.dunning.started_at) if chased.dunning else as_of,
        has_gateway=bool(tenant.gateway),
        has_mail=_has_mail(tenant, customer),
    )
    waits = next_words(chased.dunning, on=local_date(as_of, invoice.zone)) if chased.dunning else ""
    return _Shown(subject=invoice.number, policy=policy, assumption=assumption, rows=rows, doubt=waits)


def _as_chased(invoice: Invoice) -> tuple[Invoice, str]:
    """The invoice with its case; one that has none yet as it is on its first day overdue."""
    if invoice.dunning is not None and not invoice.dunning.state.is_over:
        return invoice, "nobody pays and each charge is declined again"
    first = invoice.due_on + timedelta(days=1)
    bare = replace(invoice, dunning=None)
    return overdue(bare, at=local_midnight(first, invoice.zone)), f"it is not paid by {invoice.due_on}"


def _customer(documents: Documents, customer_id: str, tenant: Tenant) -> Customer:
    [stored] = Customers.of(documents, tenant.id).get([checked_id("customer", customer_id)])
    if stored is None:
        raise NotFound("customer", customer_id)
    return stored.value


def _has_mail(tenant: Tenant, customer: Customer) -> bool:
    return bool(tenant.mail_sender and customer.party.email)


def _since(choice: PreviewChoice, *, tenant: Tenant) -> datetime:
    return instant_or_now(choice.started_on, zone=tenant.zone, option="--from")


def _print(shown: _Shown) -> None:
    console = answers()
    console.print(
        f"[bold]{escape(shown.subject)}[/], policy {escape(shown.policy.name)}, if {escape(shown.assumption)}",
        soft_wrap=True,
    )
    table = columns("", "", "", "", "", "dim", right=(0,))
    table.add_row("Day", "Date", "Charge", "Notice", "State", "", style="dim")
    for each in shown.rows:
        charge = "retry" if each.retry else "-"
        table.add_row(str(each.day), str(each.on), charge, each.notice or "-", each.state.value, escape(each.note))
    if shown.rows:
        console.print(table)
    if shown.doubt or not shown.rows:
        console.print(escape(shown.doubt or "nothing is ahead: a payment is on its way"), soft_wrap=True)
