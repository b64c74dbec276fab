"""`billing dunning resolve`, `pause` and `resume`: what a person decides about a case."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from rich.markup import escape

from billing.cli.confirmation import confirm
from billing.cli.directory import open_call
from billing.cli.dunning_cases import ShownCase, case_json, shown_cases
from billing.cli.dunning_words import pause_words
from billing.cli.errors import DONE, HAD_FAILURES, UNAVAILABLE, Refused
from billing.cli.local_gateway import LocalStripe, taking_cards
from billing.cli.place import Place
from billing.cli.screen import answers, write_json
from billing.domain.attempt import AttemptStatus, PaymentAttempt
from billing.domain.case_decision import BackToSchedule, CaseDecision, ExtendUntil, RetryNow, WriteOff
from billing.domain.dunning_case import PauseReason
from billing.domain.errors import InvalidInput
from billing.domain.figures import amount
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.period import local_date
from billing.domain.tenant import Tenant
from billing.engine import Engine
from billing.ports import Gateway
from billing.store.invoices import Invoices
from billing.usecases.call import Call
from billing.usecases.pause_dunning import pause_dunning
from billing.usecases.resolve_case import ResolvedCase, resolve_case
from billing.usecases.resume_dunning import resume_dunning

_DAYS = re.compile(r"\+([1-9][0-9]{0,2})")
_EXITS = {
    AttemptStatus.SUCCEEDED: DONE,
    AttemptStatus.PENDING: DONE,
    AttemptStatus.UNKNOWN: UNAVAILABLE,
    AttemptStatus.STARTED: UNAVAILABLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenDecision:
    """What `resolve` was told: exactly one of the four, and why."""

    invoice: str
    retry: bool
    extend_until: str | None
    write_off: bool
    resume: bool
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenPause:
    """What `pause` was told: exactly one of the three, until when, and why."""

    invoice: str
    promise_until: str | None
    dispute: bool
    request: bool
    until: str | None
    note: str


def run_resolve(given: GivenDecision, *, yes: bool, stripe: LocalStripe, place: Place) -> int:
    """Carry a decision out and print what came of it; the exit code, 1 where a retry was refused, 3 unanswered."""
    engine, tenant, call = open_call(place)
    decision = _decision(given, today=local_date(call.recorded_at, tenant.zone))
    if isinstance(decision, WriteOff):
        number = Invoices.of(engine.documents, tenant.id).named(given.invoice).value.number
        confirm(f"Write {number} off? It can't be taken back.", yes=yes)
    with taking_cards(engine, tenant=tenant, directory=place.directory, stripe=stripe) as charging:
        done = resolve_case(
            engine.documents,
            given.invoice,
            resolution=decision,
            note=given.note,
            call=call,
            gateway=_gateway(charging, tenant),
        )
    if place.as_json:
        attempt = done.attempt
        told = None if attempt is None else {"number": attempt.number, "status": attempt.status.value}
        code = "" if attempt is None else attempt.code
        case = case_json(_shown(engine, done.invoice, tenant=tenant, call=call))
        write_json({"case": case, "attempt": None if told is None else {**told, "code": code}})
    else:
        said = _said(decision, done, _shown(engine, done.invoice, tenant=tenant, call=call))
        answers().print(escape(said), soft_wrap=True)
    return DONE if done.attempt is None else _EXITS.get(done.attempt.status, HAD_FAILURES)


def run_pause(given: GivenPause, *, place: Place) -> None:
    """Let a case rest and print until when."""
    reason, until_text = _pause(given)
    engine, tenant, call = open_call(place)
    until = None if until_text is None else _day(until_text, today=local_date(call.recorded_at, tenant.zone))
    invoice = pause_dunning(engine.documents, given.invoice, reason=reason, until=until, note=given.note, call=call)
    shown = _shown(engine, invoice, tenant=tenant, call=call)
    if place.as_json:
        write_json({"case": case_json(shown)})
        return
    assert shown.case.pause is not None  # noqa: S101 - it was paused just now
    queued = " It still waits for a decision." if shown.case.in_review else ""
    answers().print(escape(f"{invoice.number} {pause_words(shown.case.pause)}.{queued}"), soft_wrap=True)


def run_resume(id_or_number: str, *, note: str, place: Place) -> None:
    """End a pause and print what comes next."""
    engine, tenant, call = open_call(place)
    before = Invoices.of(engine.documents, tenant.id).named(id_or_number).value
    invoice = resume_dunning(engine.documents, id_or_number, note=note, call=call)
    shown = _shown(engine, invoice, tenant=tenant, call=call)
    if place.as_json:
        write_json({"case": case_json(shown)})
        return
    rested = before.dunning is not None and before.dunning.pause is not None and invoice != before
    said = "goes on" if rested else "did not rest; nothing changed"
    answers().print(escape(f"{invoice.number} {said}. Next: {shown.next_words}."), soft_wrap=True)


def _decision(given: GivenDecision, *, today: date) -> CaseDecision:
    chosen: list[CaseDecision] = [RetryNow()] if given.retry else []
    if given.extend_until is not None:
        chosen.append(ExtendUntil(until=_day(given.extend_until, today=today)))
    chosen += [WriteOff()] if given.write_off else []
    chosen += [BackToSchedule()] if given.resume else []
    if len(chosen) != 1:
        message = "say one of --retry, --extend-until DATE, --write-off and --resume"
        raise Refused(message)
    return chosen[0]


def _pause(given: GivenPause) -> tuple[PauseReason, str | None]:
    chosen = [PauseReason.PROMISE] if given.promise_until is not None else []
    chosen += [PauseReason.DISPUTE] if given.dispute else []
    chosen += [PauseReason.REQUEST] if given.request else []
    if len(chosen) != 1 or (given.until is not None and given.promise_until is not None):
        message = "say one of --promise-until DATE, --dispute and --request; the last two may have an --until DATE"
        raise Refused(message)
    return chosen[0], given.until if given.promise_until is None else given.promise_until


def _day(text: str, *, today: date) -> date:
    """A date, or `+7`: so many days from the tenant's today."""
    if (days := _DAYS.fullmatch(text)) is not None:
        return today + timedelta(days=int(days[1]))
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput("until", expected="a date such as 2026-03-20, or +7 for in 7 days", given=text) from None


def _gateway(charging: Engine, tenant: Tenant) -> Callable[[], Gateway] | None:
    if not tenant.gateway:
        return None

    def gateway() -> Gateway:
        found = charging.gateway(tenant)
        assert found is not None  # noqa: S101 - the tenant names one
        return found

    return gateway


def _shown(engine: Engine, invoice: Invoice, *, tenant: Tenant, call: Call) -> ShownCase:
    [shown] = shown_cases(engine.documents, [invoice], tenant=tenant, as_of=call.recorded_at)
    return shown


def _said(decision: CaseDecision, done: ResolvedCase, shown: ShownCase) -> str:
    number = done.invoice.number
    match decision:
        case ExtendUntil(until=until):
            return f"{number} rests until {until}; unpaid on that day it is back in the queue."
        case BackToSchedule():
            return f"{number} is back on its schedule. Next: {shown.next_words}."
        case WriteOff():
            return f"{number} is written off: nobody is chased any more, and money that comes all the same is booked."
        case RetryNow():
            return f"{number} {_charged(done.invoice, done.attempt)}"


def _charged(invoice: Invoice, attempt: PaymentAttempt | None) -> str:
    if attempt is None:
        way = "was paid meanwhile" if invoice.status is InvoiceStatus.PAID else f"is {invoice.status} meanwhile"
        return f"{way}; nothing was charged."
    match attempt.status:
        case AttemptStatus.SUCCEEDED:
            money = f"{amount(attempt.amount, invoice.currency)} {invoice.currency}"
            return f"is paid: {money} by {attempt.method}."
        case AttemptStatus.PENDING:
            return "leaves the queue: its payment is on its way."
        case AttemptStatus.DECLINED:
            return f"was declined, {attempt.code.replace('_', ' ')}: it stays in the queue."
        case AttemptStatus.REQUIRES_ACTION:
            link = f", on {invoice.payment_url}" if invoice.payment_url else ""
            return f"stays in the queue: the bank wants the customer to confirm the payment{link}."
        case _:
            return "stays in the queue: the gateway did not answer; the same line again finds out what became of it."
