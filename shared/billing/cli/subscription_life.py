"""`billing subscriptions`: its add-ons, plan, end and pauses changed, or shown as they would be billed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billing.cli.confirmation import confirm
from billing.cli.directory import call_on, instant_of, open_place
from billing.cli.errors import DONE, HAD_FAILURES, Refused
from billing.cli.place import Place
from billing.cli.screen import Json, answers, complaints, write_json
from billing.cli.subscription_life_page import bills_json, note_json, note_words, print_bills
from billing.cli.subscription_page import print_subscription
from billing.domain.errors import InvalidInput
from billing.domain.kept_anchor import Anchor
from billing.domain.life_change import (
    Cancellation,
    CancellationUndone,
    ItemsChange,
    LifeChange,
    Moment,
    Pausing,
    PlanChange,
    Resuming,
    When,
)
from billing.domain.money import parse_decimal
from billing.domain.period import local_date
from billing.domain.run_report import Settled
from billing.domain.subscription import Unused
from billing.domain.tenant import Tenant
from billing.engine import Engine
from billing.store.codec import encode
from billing.store.ids import checked_id
from billing.store.subscriptions import Subscriptions
from billing.usecases.change_life import ChangedLife, change_life
from billing.usecases.preview_life import LifePreview, preview_life


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenEnd:
    """How a subscription is to end, as it was typed."""

    now: bool
    on: str | None
    unused: Unused
    undo: bool
    yes: bool


def run_change_items(subscription_id: str, given: Sequence[str], *, on: str, preview: bool, place: Place) -> None:
    """Change the quantities of add-ons."""
    life = _opened(subscription_id, place)
    change = ItemsChange(quantities=quantities_of(given, option="--set"), at=_when(on, life))
    _run(life, change, preview=preview, place=place)


def run_change_plan(
    subscription_id: str, plan: str, *, on: str, anchor: Anchor | None, preview: bool, place: Place
) -> None:
    """Change the plan."""
    life = _opened(subscription_id, place)
    change = PlanChange(plan=checked_id("plan", plan), at=_when(on, life), anchor=anchor)
    _run(life, change, preview=preview, place=place)


def run_cancel(subscription_id: str, given: GivenEnd, *, preview: bool, place: Place) -> int:
    """Set an end, or take it back; the exit code."""
    if [given.now, given.on is not None, given.undo].count(True) > 1:
        message = "when? Use one of --now, --on and --undo, or none for the end of the running period"
        raise Refused(message)
    life = _opened(subscription_id, place)
    change = _end(given, life)
    if not preview and _is_final(change, now=call_on(life.tenant).recorded_at):
        confirm(f"End {subscription_id} at once? It can't be taken back.", yes=given.yes)
    return _run(life, change, preview=preview, place=place)


def run_pause(subscription_id: str, *, on: str, until: str | None, preview: bool, place: Place) -> None:
    """Pause it."""
    life = _opened(subscription_id, place)
    end = None if until is None else instant_of(until, zone=life.zone, option="--until")
    change = Pausing(at=_when(on, life), until=end)
    _run(life, change, preview=preview, place=place)


def run_resume(subscription_id: str, *, on: str, preview: bool, place: Place) -> None:
    """Resume it."""
    life = _opened(subscription_id, place)
    _run(life, Resuming(at=_when(on, life)), preview=preview, place=place)


def quantities_of(given: Sequence[str], *, option: str) -> Mapping[str, Decimal]:
    """Add-ons with their quantities from ADDON=N, or InvalidInput; each add-on once."""
    found: dict[str, Decimal] = {}
    for text in given:
        addon_id, is_given, quantity = text.partition("=")
        if not is_given or addon_id in found:
            raise InvalidInput(option, expected="ADDON=N, each add-on once", given=text)
        found[checked_id(option, addon_id)] = parse_decimal(quantity, field=option, min=Decimal(0))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Life:
    """The subscription to change: whose it is, and the time zone of the days that are typed."""

    engine: Engine
    tenant: Tenant
    subscription_id: str
    zone: str


def _opened(subscription_id: str, place: Place) -> _Life:
    engine, tenant = open_place(place)
    subscription_id = checked_id("subscription", subscription_id)
    zone = Subscriptions.of(engine.documents, tenant.id).zone_of(subscription_id, default=tenant.zone)
    return _Life(engine=engine, tenant=tenant, subscription_id=subscription_id, zone=zone)


def _run(life: _Life, change: LifeChange, *, preview: bool, place: Place) -> int:
    documents, call = life.engine.documents, call_on(life.tenant)
    if preview:
        _show(preview_life(documents, life.subscription_id, change, call=call), place=place)
        return DONE
    done = change_life(documents, life.subscription_id, change, call=call)
    settled = life.engine.settle_credit_notes(life.tenant, [done.credit_note]) if done.credit_note else None
    _answer(done, settled, as_json=place.as_json)
    return HAD_FAILURES if settled is not None and settled.failures else DONE


def _end(given: GivenEnd, life: _Life) -> Cancellation | CancellationUndone:
    if given.undo:
        return CancellationUndone()
    when: When = Moment.NOW if given.now else Moment.PERIOD_END
    return Cancellation(at=when if given.on is None else _when(given.on, life), unused=given.unused)


def _is_final(change: Cancellation | CancellationUndone, *, now: datetime) -> bool:
    """Whether it is an end that is not to come."""
    if isinstance(change, CancellationUndone) or change.at is Moment.PERIOD_END:
        return False
    return change.at is Moment.NOW or change.at <= now


def _when(text: str, life: _Life) -> When:
    words = {"now": Moment.NOW, "period-end": Moment.PERIOD_END}
    return words[text] if text in words else instant_of(text, zone=life.zone, option="--on")


def _answer(done: ChangedLife, settled: Settled | None, *, as_json: bool) -> None:
    note = None if done.credit_note is None else done.credit_note.value
    failures = [] if settled is None else settled.failures
    if as_json:
        errors = [{"code": each.code, "message": each.message} for each in failures]
        answer: Json = {
            "changed": done.after != done.before,
            "subscription": encode(done.after),
            "credit_note": None if note is None else note_json(note),
            "errors": errors,
        }
        write_json(answer)
        return
    print_subscription(done.after)
    if done.after == done.before:
        answers().print("It was so before: nothing was changed.")
    if note is not None:
        answers().print(f"Issued {note_words(note)}", markup=False)
    for each in failures:
        complaints().print(f"{each.invoice_id}: {each.message} ({each.code})", style="red", markup=False)


def _show(found: LifePreview, *, place: Place) -> None:
    if place.as_json:
        write_json(
            {
                "at": found.at.isoformat(),
                "changed": found.after != found.before,
                "subscription": encode(found.after),
                "without": bills_json(found.without, directory=place.directory),
                "bills": bills_json(found.bills, directory=place.directory),
                "credit_note": None if found.credit_note is None else note_json(found.credit_note),
            }
        )
        return
    console = answers()
    if found.after == found.before:
        console.print("It is so already: nothing would change.")
        return
    console.print(f"A preview; nothing is changed. From {_day(found.at, found)} on:", markup=False)
    print_subscription(found.after)
    if found.credit_note is not None:
        console.print(f"At once: {note_words(found.credit_note)}", markup=False)
    print_bills("The next bills without it", found.without, zone=found.before.zone)
    print_bills("The next bills with it", found.bills, zone=found.before.zone)


def _day(instant: datetime, found: LifePreview) -> str:
    return str(local_date(instant, zone=found.before.zone))
