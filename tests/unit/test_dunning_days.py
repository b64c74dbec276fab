"""Days of the schedule are local days, and quiet hours the customer's: zones, clock changes, pauses."""

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest

from billing.domain.customer import Customer
from billing.domain.dunning import Act, Rest, decide
from billing.domain.dunning_case import (
    CaseCause,
    DunningCase,
    PauseReason,
    StepOutcome,
    StepRecord,
    entered,
    paused,
    resumed,
    stepped,
    under_review,
    unpaused,
)
from billing.domain.dunning_policies import DEFAULT_POLICY
from billing.domain.dunning_policy import CaseState, DunningStep, QuietHours
from billing.domain.invoice import Invoice
from tests.builders import utc
from tests.chasing import a_payer, an_invoice

NO_SUSPENSION = replace(DEFAULT_POLICY, suspend_after_days=None, suspend_after_reminders=None)
NIGHT = replace(NO_SUSPENSION, quiet_hours=QuietHours(start=time(20), end=time(8)))


def a_case(started_on: str, *, at: str, done: int = 0) -> DunningCase:
    """A case that is overdue since a local day, with its steps up to the day `done` behind it."""
    case = entered(CaseCause.OVERDUE, on=date.fromisoformat(started_on), at=utc(at))
    record = StepRecord(day=done, at=utc(at), outcome=StepOutcome.DONE, state=CaseState.ISSUED)
    return stepped(case, record, on=case.started_on)


def an_owed(case: DunningCase, *, zone: str) -> Invoice:
    return replace(an_invoice(zone=zone), dunning=case)


def step(
    policy: object, invoice: Invoice, as_of: datetime, *, customer: Customer | None = None
) -> DunningStep | datetime | None:
    """The step that is done at an instant, or when the case is looked at again."""
    assert isinstance(policy, type(DEFAULT_POLICY))
    match decide(policy, invoice, customer or a_payer(), as_of=as_of):
        case Act() as act:
            return act.step
        case Rest() as rest:
            return rest.next_at


REMINDER, URGENT, LAST = DEFAULT_POLICY.steps[1:]


@pytest.mark.parametrize(
    ("zone", "started_on", "third_day"),
    [
        ("UTC", "2026-03-01", "2026-03-04T00:00"),
        ("Europe/Berlin", "2026-03-01", "2026-03-03T23:00"),
        ("Europe/Berlin", "2026-03-26", "2026-03-28T23:00"),  # the clock goes on in the night of day 3
        ("Europe/Berlin", "2026-03-27", "2026-03-29T22:00"),  # it went on in the night of day 2
        ("America/New_York", "2026-03-01", "2026-03-04T05:00"),
        ("Pacific/Kiritimati", "2026-03-01", "2026-03-03T10:00"),  # 14 hours ahead
        ("Pacific/Apia", "2011-12-28", "2011-12-30T10:00"),  # the 29th, then the 31st: the 30th was no day there
        ("Pacific/Apia", "2011-12-27", "2011-12-30T10:00"),  # day 3 is the day that was none: its time is the next
        ("America/Sao_Paulo", "2018-11-01", "2018-11-04T03:00"),  # the day began at 1 o'clock
    ],
)
def test_a_step_is_due_when_its_local_day_begins(zone: str, started_on: str, third_day: str) -> None:
    begins = utc(third_day)
    invoice = an_owed(a_case(started_on, at=f"{started_on}T12:00"), zone=zone)

    assert step(NO_SUSPENSION, invoice, datetime.fromtimestamp(begins.timestamp() - 1, tz=UTC)) == begins
    assert step(NO_SUSPENSION, invoice, begins) == REMINDER


@pytest.mark.parametrize(
    ("zone", "own_zone", "started_on", "as_of", "until"),
    [
        # day 3 begins at midnight in Berlin, in the middle of its night
        ("Europe/Berlin", "", "2026-03-01", "2026-03-03T23:00", "2026-03-04T07:00"),
        ("Europe/Berlin", "", "2026-03-01", "2026-03-04T06:59:59", "2026-03-04T07:00"),
        # in New York that is 18:00, when nobody sleeps; from 20:00 on it waits for 8:00 there
        ("Europe/Berlin", "America/New_York", "2026-03-01", "2026-03-03T23:00", None),
        ("Europe/Berlin", "America/New_York", "2026-03-01", "2026-03-04T01:00", "2026-03-04T13:00"),
        # the night in which Berlin's clock goes on has an hour less: 8:00 is 6:00 in UTC
        ("Europe/Berlin", "", "2026-03-26", "2026-03-28T23:00", "2026-03-29T06:00"),
        # and the one in which it goes back has an hour more
        ("Europe/Berlin", "", "2026-10-22", "2026-10-24T22:00", "2026-10-25T07:00"),
        # nobody in Auckland is woken by a seller in UTC
        ("UTC", "Pacific/Auckland", "2026-03-01", "2026-03-04T07:30", "2026-03-04T19:00"),
    ],
)
def test_quiet_hours_are_the_customer_s_own(
    zone: str, own_zone: str, started_on: str, as_of: str, until: str | None
) -> None:
    invoice = an_owed(a_case(started_on, at=f"{started_on}T12:00"), zone=zone)

    done = step(NIGHT, invoice, utc(as_of), customer=a_payer(time_zone=own_zone))

    assert done == (REMINDER if until is None else utc(until))


def test_quiet_hours_that_are_over_hold_nothing() -> None:
    invoice = an_owed(a_case("2026-03-01", at="2026-03-01T12:00"), zone="UTC")

    assert step(NIGHT, invoice, utc("2026-03-04T08:00")) == REMINDER
    assert step(NIGHT, invoice, utc("2026-03-04T19:59:59")) == REMINDER
    assert step(NIGHT, invoice, utc("2026-03-04T20:00")) == utc("2026-03-05T08:00")


def test_quiet_hours_in_the_middle_of_the_day_end_on_the_same_day() -> None:
    siesta = replace(NO_SUSPENSION, quiet_hours=QuietHours(start=time(13), end=time(16, 30)))
    invoice = an_owed(a_case("2026-03-01", at="2026-03-01T12:00"), zone="UTC")

    assert step(siesta, invoice, utc("2026-03-04T12:59:59")) == REMINDER
    assert step(siesta, invoice, utc("2026-03-04T13:00")) == utc("2026-03-04T16:30")
    assert step(siesta, invoice, utc("2026-03-04T16:30")) == REMINDER


def test_a_scheduler_that_only_calls_at_night_is_held_up_for_a_day_and_no_longer() -> None:
    invoice = an_owed(a_case("2026-03-01", at="2026-03-01T12:00"), zone="UTC")

    assert step(NIGHT, invoice, utc("2026-03-04T03:00")) == utc("2026-03-04T08:00")
    assert step(NIGHT, invoice, utc("2026-03-04T23:59:59")) == utc("2026-03-05T08:00")
    assert step(NIGHT, invoice, utc("2026-03-05T00:00")) == REMINDER


@pytest.mark.parametrize(
    ("as_of", "until"),
    [
        ("2026-10-25T00:10", "2026-10-25T00:30"),  # 02:10 in summer time: until 02:30 in summer time
        ("2026-10-25T01:10", "2026-10-25T01:30"),  # 02:10 once more, in winter time
        ("2026-10-24T22:00", "2026-10-25T00:30"),
    ],
)
def test_an_hour_that_comes_twice_is_quiet_in_both_passes_and_ends_after_now(as_of: str, until: str) -> None:
    early = replace(NO_SUSPENSION, quiet_hours=QuietHours(start=time(22), end=time(2, 30)))
    invoice = an_owed(a_case("2026-10-22", at="2026-10-22T12:00"), zone="Europe/Berlin")

    assert step(early, invoice, utc(as_of)) == utc(until)


def test_quiet_hours_that_end_in_an_hour_that_never_came_end_after_it() -> None:
    early = replace(NO_SUSPENSION, quiet_hours=QuietHours(start=time(22), end=time(2, 30)))
    invoice = an_owed(a_case("2026-03-26", at="2026-03-26T12:00"), zone="Europe/Berlin")

    assert step(early, invoice, utc("2026-03-29T00:30")) == utc("2026-03-29T01:30")  # 02:30 would be 03:30


def test_what_nobody_hears_of_does_not_wait_for_the_morning() -> None:
    invoice = an_owed(a_case("2026-03-01", at="2026-03-01T12:00", done=7), zone="UTC")

    assert step(NIGHT, invoice, utc("2026-03-15T00:00")) == LAST


def test_a_service_is_not_stopped_at_night_whatever_silent_step_is_late() -> None:
    stops = replace(NIGHT, suspend_after_days=20)
    case = a_case("2026-03-01", at="2026-03-01T12:00", done=14)
    queued = an_owed(under_review(case, reason="day 14", at=utc("2026-03-15")), zone="UTC")
    late = an_owed(a_case("2026-03-01", at="2026-03-01T12:00", done=7), zone="UTC")

    for each in (queued, late):
        assert decide(stops, each, a_payer(), as_of=utc("2026-03-21T03:00")) == Rest(next_at=utc("2026-03-21T08:00"))
        decision = decide(stops, each, a_payer(), as_of=utc("2026-03-21T08:00"))
        assert isinstance(decision, Act)
        assert decision.suspend


def test_a_reminder_that_was_held_for_a_day_is_not_held_longer_for_the_sake_of_a_suspension() -> None:
    stops = replace(NIGHT, suspend_after_days=4)
    invoice = an_owed(a_case("2026-03-01", at="2026-03-01T12:00"), zone="UTC")

    assert decide(stops, invoice, a_payer(), as_of=utc("2026-03-05T03:00")) == Act(
        on=date(2026, 3, 5), step=REMINDER, suspend=True
    )


def test_a_promise_shifts_what_is_after_it_by_exactly_its_days() -> None:
    case = paused(
        a_case("2026-03-01", at="2026-03-01T12:00", done=3),
        PauseReason.PROMISE,
        on=date(2026, 3, 6),
        until=date(2026, 3, 16),
        at=utc("2026-03-06T12:00"),
        note="after the fair",
    )
    invoice = an_owed(case, zone="UTC")

    assert [case.date_of(day) for day in (0, 3, 4, 5, 7, 14)] == [
        date(2026, 3, 1),
        date(2026, 3, 4),
        date(2026, 3, 5),
        date(2026, 3, 16),
        date(2026, 3, 18),
        date(2026, 3, 25),
    ]
    assert step(NO_SUSPENSION, invoice, utc("2026-03-15T23:59:59")) == utc("2026-03-16")
    assert step(NO_SUSPENSION, invoice, utc("2026-03-16")) == utc("2026-03-18")
    assert step(NO_SUSPENSION, invoice, utc("2026-03-18")) == URGENT


@pytest.mark.parametrize("on", [date(2026, 3, day) for day in (16, 18, 30)])
def test_a_pause_that_has_ended_is_the_same_whether_it_was_written_off_the_case_or_not(on: date) -> None:
    case = paused(
        a_case("2026-03-01", at="2026-03-01T12:00", done=3),
        PauseReason.PROMISE,
        on=date(2026, 3, 6),
        until=date(2026, 3, 16),
        at=utc("2026-03-06"),
        note="",
    )
    after = unpaused(case, on=on)

    assert (after.pause, after.paused_days) == (None, 10)
    assert after.day_of(on) == case.day_of(on)
    assert [after.date_of(day) for day in (7, 14)] == [case.date_of(day) for day in (7, 14)]


def test_a_pause_that_goes_on_stays() -> None:
    case = a_case("2026-03-01", at="2026-03-01T12:00")
    until = paused(
        case, PauseReason.PROMISE, on=date(2026, 3, 2), until=date(2026, 3, 5), at=utc("2026-03-02"), note=""
    )
    dispute = paused(case, PauseReason.DISPUTE, on=date(2026, 3, 2), until=None, at=utc("2026-03-02"), note="")

    assert [unpaused(each, on=date(2026, 3, 4)) for each in (case, until, dispute)] == [case, until, dispute]


def test_two_pauses_shift_by_the_days_of_both_and_an_early_end_by_the_days_that_passed() -> None:
    case = a_case("2026-03-01", at="2026-03-01T12:00", done=3)
    first = paused(
        case, PauseReason.PROMISE, on=date(2026, 3, 5), until=date(2026, 3, 30), at=utc("2026-03-05"), note=""
    )
    second = paused(first, PauseReason.REQUEST, on=date(2026, 3, 8), until=None, at=utc("2026-03-08"), note="")
    after = resumed(second, on=date(2026, 3, 12), at=utc("2026-03-12T10:00"))

    assert (second.paused_days, after.paused_days, after.pause) == (3, 7, None)
    assert after.next_at == utc("2026-03-12T10:00")
    assert after.date_of(7) == date(2026, 3, 15)  # 8 March and seven days
    assert step(NO_SUSPENSION, an_owed(after, zone="UTC"), utc("2026-03-15")) == URGENT
