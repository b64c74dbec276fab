"""`billing dunning list`: the cases with where each stands and what comes next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from rich.markup import escape

from billing.cli.directory import instant_or_now, open_place
from billing.cli.dunning_words import does_nothing, next_words, row_json, row_words
from billing.cli.place import Place
from billing.cli.run_json import invoice_amount
from billing.cli.screen import Json, answers, columns, write_json
from billing.domain.customer import Customer
from billing.domain.dunning_case import DunningCase
from billing.domain.dunning_policy import CaseState, DunningPolicy
from billing.domain.dunning_preview import PreviewRow, preview
from billing.domain.errors import NotFound
from billing.domain.figures import amount
from billing.domain.invoice import Invoice
from billing.domain.period import local_date
from billing.domain.tenant import Tenant
from billing.ports import Documents
from billing.store.customers import Customers
from billing.store.dunning_cases import DunningCases

_IDS_A_READ = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which cases are listed: those that wait for a person, those in a state, a customer's; else all that go on."""

    review: bool
    state: CaseState | None
    customer_id: str | None
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCase:
    """A case as it stands at a UTC instant, under the policy that its customer follows, and what is to come of it."""

    invoice: Invoice
    case: DunningCase
    customer: Customer
    policy: DunningPolicy
    as_of: datetime
    coming: Sequence[PreviewRow]

    @property
    def day(self) -> int:
        """Which day of the schedule it is."""
        return self.case.day_of(self.on)

    @property
    def on(self) -> date:
        """The local day that it is."""
        return local_date(self.as_of, self.invoice.zone)

    @property
    def following(self) -> PreviewRow | None:
        """The first thing to come that somebody will notice, None for nothing."""
        noticed = (each for each in self.coming if not does_nothing(each, policy=self.policy))
        return next(noticed, self.coming[0] if self.coming else None)

    @property
    def next_words(self) -> str:
        """What comes next, or what it waits for."""
        if waits := next_words(self.case, on=self.on):
            return waits
        row = self.following
        return "a payment is on its way" if row is None else f"{row.on} {row_words(row, policy=self.policy)}"


def show_list(wanted: CaseFilter, *, as_of: str | None, place: Place) -> None:
    """Print the cases, the oldest first, and whether there are more."""
    engine, tenant = open_place(place)
    found = sorted(_found(engine.documents, wanted, tenant=tenant), key=_age)
    listed, more = found[: wanted.limit], len(found) > wanted.limit
    shown = shown_cases(engine.documents, listed, tenant=tenant, as_of=instant_or_now(as_of, zone=tenant.zone))
    if place.as_json:
        write_json({"tenant_id": tenant.id, "cases": [case_json(each) for each in shown], "more": more})
    else:
        _print(shown, wanted, more=more)


def shown_cases(
    documents: Documents, invoices: Iterable[Invoice], *, tenant: Tenant, as_of: datetime
) -> list[ShownCase]:
    """The cases of invoices that have one, in their order; NotFound where a customer is gone."""
    chased = [(each, each.dunning) for each in invoices if each.dunning is not None]
    customers = _customers(documents, {each.customer_id for each, _ in chased}, tenant=tenant)
    shown: list[ShownCase] = []
    for invoice, case in chased:
        customer = customers[invoice.customer_id]
        policy = tenant.dunning.of(customer)
        coming = preview(
            policy,
            invoice,
            customer,
            as_of=as_of,
            has_gateway=bool(tenant.gateway),
            has_mail=bool(tenant.mail_sender),
        )
        shown.append(
            ShownCase(invoice=invoice, case=case, customer=customer, policy=policy, as_of=as_of, coming=coming)
        )
    return shown


def case_json(shown: ShownCase) -> Json:
    """A case as JSON says it, in a list and on its own."""
    invoice, case = shown.invoice, shown.case
    review, pause = case.review, case.pause
    return {
        "invoice_id": invoice.id,
        "number": invoice.number,
        "customer_id": invoice.customer_id,
        "customer_name": shown.customer.party.name,
        "currency": invoice.currency,
        "amount_due": invoice_amount(invoice.amount_due, invoice.currency),
        "due_on": invoice.due_on.isoformat(),
        "state": case.state.value,
        "cause": case.cause.value,
        "started_on": case.started_on.isoformat(),
        "day": None if case.state.is_over else shown.day,
        "policy": shown.policy.name,
        "in_review": case.in_review,
        "review": None if review is None else {"reason": review.reason, "opened_at": review.opened_at.isoformat()},
        "pause": None
        if pause is None
        else {
            "reason": pause.reason.value,
            "from": pause.from_on.isoformat(),
            "until": None if pause.until_on is None else pause.until_on.isoformat(),
            "note": pause.note,
        },
        "next": None if shown.following is None else row_json(shown.following),
    }


def _found(documents: Documents, wanted: CaseFilter, *, tenant: Tenant) -> list[Invoice]:
    cases = DunningCases.of(documents, tenant.id)
    if wanted.customer_id is not None:
        found = cases.of_customer(wanted.customer_id)
    elif wanted.review:
        found = cases.in_review()
    else:
        states = [each for each in CaseState if not each.is_over] if wanted.state is None else [wanted.state]
        found = [each for state in states for each in cases.in_state(state)]
    return [each.value for each in found if _is_wanted(each.value.dunning, wanted)]


def _is_wanted(case: DunningCase | None, wanted: CaseFilter) -> bool:
    if case is None:
        return False
    return (wanted.state in (None, case.state)) and (case.in_review or not wanted.review)


def _age(invoice: Invoice) -> tuple[str, str]:
    return ("" if invoice.dunning is None else invoice.dunning.started_on.isoformat(), invoice.number)


def _customers(documents: Documents, ids: set[str], *, tenant: Tenant) -> dict[str, Customer]:
    wanted = sorted(ids)
    found: dict[str, Customer] = {}
    for start in range(0, len(wanted), _IDS_A_READ):
        page = wanted[start : start + _IDS_A_READ]
        for customer_id, stored in zip(page, Customers.of(documents, tenant.id).get(page), strict=True):
            if stored is None:
                raise NotFound("customer", customer_id)
            found[customer_id] = stored.value
    return found


def _print(shown: Sequence[ShownCase], wanted: CaseFilter, *, more: bool) -> None:
    console = answers()
    if not shown:
        console.print("Nobody waits for a decision." if wanted.review else "Nobody is chased.")
        return
    table = columns("bold", "", "", "", "", "", right=(2, 4))
    table.add_row("Invoice", "Customer", "To pay", "State", "Day", "Next", style="dim")
    for each in shown:
        invoice, case = each.invoice, each.case
        money = f"{amount(invoice.amount_due, invoice.currency)} {invoice.currency}"
        day = "" if case.state.is_over else str(each.day)
        state = case.state.value.replace("_", " ")
        table.add_row(escape(invoice.number), escape(invoice.customer_id), money, state, day, escape(each.next_words))
    console.print(table)
    if more:
        console.print("There are more; see --limit.", style="dim")
