"""`billing dunning show`: one case, what was tried, what comes next by date, and what can be decided now."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from billing.cli.directory import instant_or_now, open_place
from billing.cli.dunning_cases import ShownCase, case_json, shown_cases
from billing.cli.dunning_words import CAUSES, attempt_words, pause_words, row_json, row_words
from billing.cli.place import Place
from billing.cli.run_json import invoice_amount
from billing.cli.screen import Json, answers, columns, write_json
from billing.domain.case_decision import NotChased
from billing.domain.dunning_case import CaseReview, DunningCase, StepOutcome, StepRecord
from billing.domain.dunning_policy import CaseState
from billing.domain.figures import amount
from billing.domain.invoice_payment import is_open
from billing.domain.period import local_date
from billing.store.invoices import Invoices

_STATES = {CaseState.RETRY_SCHEDULED: "retry scheduled", CaseState.MANUAL_REVIEW: "manual review"}


def show_one(id_or_number: str, *, as_of: str | None, place: Place) -> None:
    """Print one case; NotFound for no such invoice, NotChased for one without a case."""
    engine, tenant = open_place(place)
    invoice = Invoices.of(engine.documents, tenant.id).named(id_or_number).value
    found = shown_cases(engine.documents, [invoice], tenant=tenant, as_of=instant_or_now(as_of, zone=tenant.zone))
    if not found:
        raise NotChased(invoice)
    if place.as_json:
        write_json(_json(found[0], takes_cards=bool(tenant.gateway)))
    else:
        _print(found[0], answers(), takes_cards=bool(tenant.gateway))


def possible(shown: ShownCase, *, takes_cards: bool) -> list[str]:
    """The commands that decide something about the case as it stands."""
    case, number = shown.case, shown.invoice.number
    if not is_open(shown.invoice) or case.state.is_over:
        return []
    resolve = f"billing dunning resolve {number}"
    commands: list[str] = []
    if case.in_review:
        can_charge = takes_cards and shown.customer.gateway_id and shown.customer.payment_method_id
        commands += [f"{resolve} --retry --note TEXT"] if can_charge else []
        commands += [f"{resolve} --extend-until DATE --note TEXT", f"{resolve} --write-off --note TEXT"]
        commands += [f"{resolve} --resume --note TEXT"] if case.last_day < shown.policy.review_day else []
        return commands
    if _rests(shown):
        commands.append(f"billing dunning resume {number}")
    pauses = [f"billing dunning pause {number} {reason}" for reason in ("--promise-until DATE", "--dispute")]
    return [*commands, *pauses, f"billing invoices write-off {number} --reason TEXT"]


def _rests(shown: ShownCase) -> bool:
    pause = shown.case.pause
    return pause is not None and (pause.until_on is None or shown.on < pause.until_on)


def _json(shown: ShownCase, *, takes_cards: bool) -> Json:
    invoice, case = shown.invoice, shown.case
    return {
        **case_json(shown),
        "attempts": [
            {
                "number": each.number,
                "attempted_at": each.attempted_at.isoformat(),
                "amount": invoice_amount(each.amount, invoice.currency),
                "status": each.status.value,
                "code": each.code,
                "advice": None if each.advice is None else each.advice.value,
                "source": each.source.value,
                "method": each.method,
            }
            for each in invoice.attempts
        ],
        "page_payment_id": invoice.page_payment_id,
        "steps": [
            {
                "day": each.day,
                "at": each.at.isoformat(),
                "outcome": each.outcome.value,
                "notice": each.notice,
                "attempt": each.attempt or None,
                "note": each.note,
            }
            for each in case.history
        ],
        "review": None if case.review is None else _review_json(case.review),
        "paused_days": case.paused_days,
        "suspended_at": None if case.suspended_at is None else case.suspended_at.isoformat(),
        "restored_at": None if case.restored_at is None else case.restored_at.isoformat(),
        "coming": [row_json(each) for each in shown.coming],
        "commands": possible(shown, takes_cards=takes_cards),
    }


def _review_json(review: CaseReview) -> Json:
    return {
        "reason": review.reason,
        "opened_at": review.opened_at.isoformat(),
        "resolution": None if review.resolution is None else review.resolution.value,
        "resolved_at": None if review.resolved_at is None else review.resolved_at.isoformat(),
        "note": review.note,
        "actor": review.actor,
    }


def _print(shown: ShownCase, console: Console, *, takes_cards: bool) -> None:
    day = "" if shown.case.state.is_over else f", day {shown.day}"
    console.print(f"[bold]{escape(shown.invoice.number)}[/]  {shown.case.state.value.replace('_', ' ')}{day}")
    console.print()
    console.print(_facts(shown))
    for title, table in (("Charges", _charges(shown)), ("Steps", _steps(shown)), ("Coming", _coming(shown))):
        if table.row_count:
            console.print()
            console.print(title, style="dim")
            console.print(table)
    if commands := possible(shown, takes_cards=takes_cards):
        console.print()
        console.print("Now possible", style="dim")
        for each in commands:
            console.print(escape(each), soft_wrap=True)


def _facts(shown: ShownCase) -> Table:
    invoice, case = shown.invoice, shown.case
    table = columns("dim", "")
    table.add_row("Customer", escape(f"{shown.customer.party.name} ({invoice.customer_id})"))
    table.add_row("To pay", f"{amount(invoice.amount_due, invoice.currency)} {invoice.currency}, due {invoice.due_on}")
    table.add_row("Chased", f"since {case.started_on}, as {CAUSES[case.cause]}")
    table.add_row("Policy", escape(shown.policy.name))
    for name, text in _where_it_stands(case, shown):
        table.add_row(name, escape(text))
    return table


def _where_it_stands(case: DunningCase, shown: ShownCase) -> list[tuple[str, str]]:
    told: list[tuple[str, str]] = []
    if (review := case.review) is not None:
        told.append(("Review", f"{review.opened_at:%Y-%m-%d %H:%M} UTC: {review.reason}"))
        if review.resolution is not None and review.resolved_at is not None:
            decided = f"{review.resolved_at:%Y-%m-%d %H:%M} UTC by {review.actor}: "
            told.append(("Decided", f"{decided}{review.resolution.value.replace('_', ' ')}, {review.note}"))
    if payment_id := shown.invoice.page_payment_id:
        told.append(
            (
                "Under way",
                f"{payment_id}, which the customer paid on the hosted page: until its end is known the case rests",
            )
        )
    if _rests(shown) and case.pause is not None:
        note = f" ({case.pause.note})" if case.pause.note else ""
        told.append(("Pause", f"{pause_words(case.pause)}{note}"))
    if case.suspended_at is not None:
        back = "" if case.restored_at is None else f", back since {case.restored_at:%Y-%m-%d %H:%M} UTC"
        told.append(("Service", f"suspended since {case.suspended_at:%Y-%m-%d %H:%M} UTC{back}"))
    return told


def _charges(shown: ShownCase) -> Table:
    table = columns("", "", "", "dim", right=(1,))
    for each in shown.invoice.attempts:
        on = local_date(each.attempted_at, shown.invoice.zone)
        table.add_row(str(on), amount(each.amount, shown.invoice.currency), attempt_words(each), escape(each.method))
    return table


def _steps(shown: ShownCase) -> Table:
    table = columns("", "", "", "dim", right=(1,))
    for each in shown.case.history:
        on = local_date(each.at, shown.invoice.zone)
        table.add_row(str(on), f"day {each.day}", _step_words(each), escape(each.note))
    return table


def _step_words(step: StepRecord) -> str:
    if step.outcome is StepOutcome.PASSED_OVER:
        return "passed over"
    told = [f"sent {step.notice.replace('_', ' ')}" if step.notice else ""]
    told.append(f"charge {step.attempt}" if step.attempt else "")
    return ", ".join(filter(None, told)) or _STATES.get(step.state, "nothing sent or charged")


def _coming(shown: ShownCase) -> Table:
    table = columns("", "", "", "dim", right=(1,))
    if shown.case.in_review:
        table.add_row("now", "", escape(shown.next_words))
    for each in shown.coming:
        words = row_words(each, policy=shown.policy)
        note = each.note if each.note != words else ""
        table.add_row(str(each.on), f"day {each.day}", escape(words), escape(note))
    return table
