"""Cases, steps and attempts in words, as the commands of dunning say them."""

from datetime import date

from billing.cli.screen import Json
from billing.domain.attempt import AttemptSource, AttemptStatus, PaymentAttempt
from billing.domain.decline import Advice
from billing.domain.dunning_case import CaseCause, DunningCase, Pause, PauseReason
from billing.domain.dunning_policy import CaseState, Channel, DunningPolicy
from billing.domain.dunning_preview import PreviewRow

CAUSES = {
    CaseCause.PAYMENT_FAILED: "its charge failed",
    CaseCause.OVERDUE: "it is overdue",
    CaseCause.REVERSED: "its payment was taken back",
}
_PAUSES = {
    PauseReason.PROMISE: "the customer promised to pay",
    PauseReason.DISPUTE: "the customer disputes it",
    PauseReason.REQUEST: "somebody here asked for it",
}
_SOURCES = {
    AttemptSource.ISSUE: "at its issue",
    AttemptSource.SCHEDULE: "by the schedule",
    AttemptSource.SAVED_METHOD: "as a method was saved",
    AttemptSource.STAFF: "by hand",
}
_ADVICE = {
    Advice.RETRY_SOON: "may be tried again at once",
    Advice.RETRY: "may be tried again later",
    Advice.UPDATE_METHOD: "another payment method is needed",
    Advice.REVIEW: "a person has to look",
}


def next_words(case: DunningCase, *, on: date) -> str:
    """What a case waits for on a local day, where that is no step: a person, or the end of a pause; else ""."""
    if case.state.is_over:
        return "over"
    if case.in_review and case.review is not None:
        return f"decide: {case.review.reason}"
    if case.pause is not None and (case.pause.until_on is None or on < case.pause.until_on):
        return f"rests until {_end(case.pause)} ({case.pause.reason.value})"
    return ""


def pause_words(pause: Pause) -> str:
    """Until when it rests, and why."""
    return f"rests until {_end(pause)}: {_PAUSES[pause.reason]}"


def _end(pause: Pause) -> str:
    return "it is resumed" if pause.until_on is None else str(pause.until_on)


def row_words(row: PreviewRow, *, policy: DunningPolicy) -> str:
    """What is done: `payment reminder and retry`."""
    if does_nothing(row, policy=policy):
        return "nothing to send or to charge"
    told = [row.notice.replace("_", " "), "retry" if row.retry else ""]
    if row.state is CaseState.MANUAL_REVIEW and not any(told):
        return "manual review"
    return " and ".join(filter(None, told)) or row.note


def does_nothing(row: PreviewRow, *, policy: DunningPolicy) -> bool:
    """Whether it is a step that comes to nothing: one that is passed over, or whose retry would not be made."""
    quiet = (step.day for step in policy.steps[:-1] if step.channel is Channel.EMAIL)
    return not row.retry and not row.notice and row.day in quiet


def row_json(row: PreviewRow) -> Json:
    """What is done, as JSON says it."""
    return {
        "on": row.on.isoformat(),
        "day": row.day,
        "retry": row.retry,
        "notice": row.notice,
        "state": row.state.value,
        "note": row.note,
    }


def attempt_words(attempt: PaymentAttempt) -> str:
    """What became of a charge, why, and what follows from that."""
    source = _SOURCES[attempt.source]
    match attempt.status:
        case AttemptStatus.DECLINED:
            advice = "" if attempt.advice is None else f" ({_ADVICE[attempt.advice]})"
            return f"declined {source}: {attempt.code.replace('_', ' ')}{advice}"
        case AttemptStatus.REQUIRES_ACTION:
            return f"tried {source}: the bank wants the customer to confirm it"
        case AttemptStatus.PENDING:
            return f"on its way, {source}"
        case AttemptStatus.SUCCEEDED:
            return f"paid {source}"
        case _:
            return f"tried {source}: no answer yet"
