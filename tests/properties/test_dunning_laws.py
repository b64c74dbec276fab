"""Laws of dunning: whatever the policy, whenever runs come, whatever customer, bank and staff do meanwhile."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.attempt import AttemptSource, AttemptStatus
from billing.domain.case_decision import Decided, NothingAhead, NotInReview, back_on_schedule, extended, rested, went_on
from billing.domain.charging import next_attempt, with_attempt
from billing.domain.dunning import Rest, decide
from billing.domain.dunning_case import PauseReason
from billing.domain.dunning_policies import DEFAULT_POLICY
from billing.domain.dunning_policy import (
    MOST_CARD_TRIES,
    MOST_TRIES,
    STEP_STATES,
    CaseState,
    DunningPolicy,
    DunningStep,
    QuietHours,
    StepTemplate,
)
from billing.domain.invoice import Invoice
from billing.domain.invoice_life import voided
from billing.domain.invoice_payment import is_collectible, paid, written_off
from billing.domain.period import local_date, local_midnight
from tests.builders import utc
from tests.chasing import Chase, a_payer, an_attempt, declined

laws = settings(deadline=None, max_examples=300)

START = utc("2026-03-20T09:30")  # nine days before Berlin's clock goes on
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Auckland"]
CODES = ["insufficient_funds", "processing_error", "expired_card", "stolen_card", "a_code_of_next_year"]
HOURS = st.builds(time, st.integers(0, 23), st.sampled_from([0, 30]))
LAST = CaseState.MANUAL_REVIEW


@st.composite
def policies(draw: st.DrawFn) -> DunningPolicy:
    """Any policy that is valid and ends within forty days, so that a story sees its end."""
    days = draw(st.lists(st.integers(0, 40), min_size=1, max_size=7, unique=True).map(sorted))
    order = draw(st.lists(st.sampled_from(STEP_STATES[:-1]), min_size=len(days) - 1, max_size=len(days) - 1))
    states = [*sorted(order, key=lambda state: state.rank), LAST]
    steps = tuple(
        DunningStep(day=day, state=state, retry=draw(st.booleans()), template=draw(st.sampled_from(StepTemplate)))
        for day, state in zip(days, states, strict=True)
    )
    start, end = draw(st.lists(HOURS, min_size=2, max_size=2, unique=True))
    return DunningPolicy(
        steps=steps,
        quiet_hours=draw(st.sampled_from([None, QuietHours(start=start, end=end)])),
        suspend_after_days=draw(st.none() | st.integers(1, 50)),
        suspend_after_reminders=draw(st.none() | st.integers(1, 4)),
        access_grace_days=draw(st.integers(0, 5)),
        most_tries=draw(st.integers(0, MOST_TRIES)),
        most_card_tries=draw(st.integers(0, MOST_CARD_TRIES)),
    )


@dataclass(frozen=True, slots=True)
class Happening:
    """What happens `minutes` after the last thing that did; `days` says of some of them how far ahead they reach."""

    what: str
    minutes: int
    days: int
    code: str


QUIET_THINGS = ["run", "run", "run", "answers", "saves card", "unsaves card", "charges", "times out"]
STAFF = ["promises", "disputes", "resumes", "extends", "back on schedule"]
ENDS = ["pays", "void", "writes off"]
happenings = st.builds(
    Happening,
    st.sampled_from([*QUIET_THINGS, *QUIET_THINGS, *STAFF, *ENDS]),
    st.integers(1, 60 * 24 * 6),
    st.integers(1, 20),
    st.sampled_from(["", *CODES]),
)
stories = st.lists(happenings, min_size=3, max_size=25)


@st.composite
def chases(draw: st.DrawFn) -> Chase:
    """A card that was declined at the start, or a transfer that has not come, somewhere in the world."""
    zone, code = draw(st.sampled_from(ZONES)), draw(st.sampled_from(CODES))
    invoice = declined(code, at="2026-03-20T09:30", zone=zone)
    customer = a_payer(time_zone=draw(st.sampled_from(["", *ZONES])), active_subscriptions=draw(st.integers(0, 1)))
    return Chase(invoice=invoice, customer=customer, policy=draw(policies()), answer=code)


@laws
@given(chases(), stories)
def test_a_case_keeps_the_laws_whatever_happens(chase: Chase, story: Sequence[Happening]) -> None:
    now = START
    for each in story:
        now += timedelta(minutes=each.minutes)
        before = chase.case
        was_over, seen = chase.is_over, len(chase.diary)
        happens(chase, each, at=now)

        assert chase.case.state.rank >= before.state.rank or was_over
        assert not (was_over and chase.diary[seen:])
        assert not (was_over and chase.case != before)
        if each.what != "run":
            assert chase.diary[seen:] == []  # only runs do anything
        if before.pause is not None and (
            before.pause.until_on is None or local_date(now, chase.invoice.zone) < before.pause.until_on
        ):
            assert chase.diary[seen:] == []  # and none of them while it rests
        steps_are_done_once_and_in_order(chase)
        limits_are_kept(chase)
        is_looked_at_again_or_waits_for_somebody(chase, now)


def happens(chase: Chase, each: Happening, *, at: datetime) -> None:
    """Do it, where it can be done to the case as it is."""
    match each.what:
        case "run":
            nothing_is_due_before_its_time(chase, at)
            chase.runs(at)
            assert chase.runs(at) == []
        case "answers" | "saves card" | "unsaves card":
            chase.answer = each.code if each.what == "answers" else chase.answer
            methods = {"saves card": f"pm_{at:%d%H%M}", "unsaves card": ""}
            method = methods.get(each.what, chase.customer.payment_method_id)
            chase.customer = replace(chase.customer, payment_method_id=method)
        case "charges" | "times out":
            if is_collectible(chase.invoice):
                is_charged(chase, each, at=at)
        case _:
            if not chase.is_over:
                is_decided(chase, each, at=at)


def is_charged(chase: Chase, each: Happening, *, at: datetime) -> None:
    if each.what == "charges":
        chase.charges(at, source=AttemptSource.STAFF)
        return
    unknown = replace(an_attempt(AttemptStatus.UNKNOWN), number=next_attempt(chase.invoice), attempted_at=at)
    chase.invoice = with_attempt(chase.invoice, unknown, at=at)


def is_decided(chase: Chase, each: Happening, *, at: datetime) -> None:
    by = Decided(note=f"{each.what} {at}", actor="ada", at=at)
    until = local_date(at, chase.invoice.zone) + timedelta(days=each.days)
    decisions: dict[str, Callable[[Invoice], Invoice]] = {
        "promises": lambda invoice: rested(invoice, PauseReason.PROMISE, until=until, by=by),
        "disputes": lambda invoice: rested(invoice, PauseReason.DISPUTE, until=None, by=by),
        "resumes": lambda invoice: went_on(invoice, at=at),
        "extends": lambda invoice: extended(invoice, until=until, by=by),
        "back on schedule": lambda invoice: back_on_schedule(chase.policy, invoice, by=by),
        "pays": lambda invoice: paid(invoice, invoice.amount_due, at=at),
        "void": lambda invoice: voided(invoice, at=at),
        "writes off": lambda invoice: written_off(invoice, at=at),
    }
    try:
        chase.invoice = decisions[each.what](chase.invoice)
    except NotInReview:
        assert not chase.case.in_review
    except NothingAhead:
        assert chase.case.last_day >= chase.policy.review_day


def nothing_is_due_before_its_time(chase: Chase, at: datetime) -> None:
    """The index hides nothing: a case that is not to be looked at yet would rest."""
    case = chase.case
    if case.state.is_over or (case.next_at is not None and case.next_at <= at):
        return
    assert isinstance(decide(chase.policy, chase.invoice, chase.customer, as_of=at), Rest)


def steps_are_done_once_and_in_order(chase: Chase) -> None:
    days = [record.day for record in chase.case.history]
    assert days == sorted(set(days))
    assert set(days) <= {step.day for step in chase.policy.steps}
    assert chase.case.last_day == (days[-1] if days else -1)
    for record in chase.case.history:  # none before its day
        begins = local_midnight(chase.case.started_on + timedelta(days=record.day), chase.invoice.zone)
        assert record.at >= begins
    assert [what for _, what in chase.diary].count("suspended") <= 1


def limits_are_kept(chase: Chase) -> None:
    tries = chase.customer.card_tries
    assert chase.case.tries == len(tries) <= min(MOST_TRIES, chase.policy.most_tries)
    for method in {each.method_id for each in tries}:
        assert method
        assert sum(each.method_id == method for each in tries) <= chase.policy.most_card_tries


def is_looked_at_again_or_waits_for_somebody(chase: Chase, now: datetime) -> None:
    case = chase.case
    if case.state.is_over:
        return
    has_no_end = case.pause is not None and case.pause.until_on is None
    assert case.next_at is not None or case.in_review or has_no_end


@laws
@given(chases(), st.integers(0, 60 * 24 * 70))
def test_what_rests_rests_until_later(chase: Chase, minutes: int) -> None:
    at = START + timedelta(minutes=minutes)
    chase.runs(at)
    if chase.is_over:
        return
    decision = decide(chase.policy, chase.invoice, chase.customer, as_of=at)

    assert isinstance(decision, Rest)
    assert decision.next_at is None or decision.next_at > at


@laws
@given(chases(), st.lists(st.integers(0, 60 * 24 * 70), max_size=10))
def test_however_late_the_runs_come_each_does_at_most_one_step_and_records_those_it_passed_over(
    chase: Chase, minutes: Sequence[int]
) -> None:
    for each in sorted(minutes):
        at = START + timedelta(minutes=each)
        before = len(chase.case.history)
        chase.runs(at)

        new = chase.case.history[before:]
        assert [record.outcome.value for record in new] == ["passed_over"] * (len(new) - 1) + ["done"] * bool(new)
        behind = [step.day for step in chase.policy.steps if step.day <= chase.case.last_day]
        assert [record.day for record in chase.case.history] == behind  # none is lost


@laws
@given(
    st.sampled_from(ZONES),
    st.integers(0, 13),
    st.integers(1, 30),
    st.lists(st.integers(0, 60), max_size=5, unique=True),
)
def test_a_promise_moves_every_later_step_by_exactly_its_days(
    zone: str, made: int, promised: int, looked: Sequence[int]
) -> None:
    plain, kept = (Chase(invoice=owed(zone), policy=SILENT) for _ in range(2))
    begins = date(2026, 3, 20)
    for day in range(made + 1):
        for each in (plain, kept):
            each.runs(noon(day, zone=zone))
    by = Decided(note="", actor="ada", at=noon(made, zone=zone))
    kept.invoice = rested(kept.invoice, PauseReason.PROMISE, until=begins + timedelta(days=made + promised), by=by)
    for day in sorted(looked):  # runs that come in between, and the pause's end, change nothing of that
        if day > made:
            kept.runs(noon(day, zone=zone))

    for day in (each for each in SILENT_DAYS if each > made):
        assert kept.case.date_of(day) == plain.case.date_of(day) + timedelta(days=promised)


SILENT_DAYS = (0, 3, 7, 14)
SILENT = replace(DEFAULT_POLICY, suspend_after_days=None, suspend_after_reminders=None)


def owed(zone: str) -> Invoice:
    return declined("expired_card", at="2026-03-20T09:30", zone=zone)


def noon(day: int, *, zone: str) -> datetime:
    """Noon, as near as a clock change lets it be, of a local day after the first."""
    return local_midnight(date(2026, 3, 20) + timedelta(days=day), zone) + timedelta(hours=12)
