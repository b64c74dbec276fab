"""The mails of day 0: what a declined charge is told as follows from the policy of its customer."""

from dataclasses import replace

import pytest

from billing.domain.decline import Advice
from billing.domain.dunning_policies import DEFAULT_POLICY, DunningPolicies
from billing.domain.dunning_policy import CaseState, DunningPolicy, DunningStep
from billing.domain.notice import Notice
from billing.ports import Mail
from billing.sandbox.server import RunningSandbox
from tests.collected_invoice import DELIVER, bills, running, sandbox, the_invoice, world
from tests.collecting import CardWorld, card_world, plain_mail
from tests.watched_documents import WatchedDocuments

__all__ = ["running", "sandbox", "world"]

GENTLE = DunningPolicy(
    name="gentle",
    steps=(
        DunningStep(day=5, retry=True, state=CaseState.RETRY_SCHEDULED),
        DunningStep(day=30, state=CaseState.MANUAL_REVIEW),
    ),
    declines={"generic_decline": Advice.UPDATE_METHOD},
)
TWO_POLICIES = DunningPolicies(policies=(DEFAULT_POLICY, GENTLE), segments={"enterprise": "gentle"})


def declines(world: CardWorld, sandbox: RunningSandbox, code: str, *, segment: str = "") -> None:
    """The customer lumen, whose card is declined with that code; its mails say kind and day of the next try."""
    world.joins("lumen", card=None, segment=segment)
    card = world.saves_card("lumen")
    sandbox.control("POST", f"payment_methods/{card}/decline", {"code": code})
    world.compose = telling_the_next_try


def telling_the_next_try(notice: Notice) -> Mail:
    return replace(plain_mail(notice), text=f"{notice.kind.value} {notice.retry_on}")


def told(world: CardWorld) -> list[str]:
    return sorted(mail.text for mail in world.sent.mails.values())


@pytest.mark.parametrize(
    ("code", "mails"),
    [
        ("insufficient_funds", ["payment_failed 2026-02-04", "tenant_payment_failed 2026-02-04"]),  # day 3
        ("processing_error", ["payment_failed 2026-02-01", "tenant_payment_failed 2026-02-01"]),  # day 0
        ("expired_card", ["tenant_payment_failed None", "update_payment_method None"]),
        ("stolen_card", ["payment_failed None", "tenant_payment_failed None"]),
    ],
)
def test_both_sides_are_told_when_the_card_is_tried_next(
    world: CardWorld, sandbox: RunningSandbox, code: str, mails: list[str]
) -> None:
    declines(world, sandbox, code)
    bills(world)
    assert told(world) == mails


def test_the_next_try_is_that_of_the_customer_s_own_policy(sandbox: RunningSandbox) -> None:
    world = card_world(sandbox, dunning=TWO_POLICIES)
    declines(world, sandbox, "insufficient_funds", segment="enterprise")
    bills(world)
    assert told(world) == ["payment_failed 2026-02-06", "tenant_payment_failed 2026-02-06"]


def test_what_follows_from_a_decline_is_what_the_customer_s_own_policy_says(sandbox: RunningSandbox) -> None:
    world = card_world(sandbox, dunning=TWO_POLICIES)
    declines(world, sandbox, "generic_decline", segment="enterprise")
    bills(world)
    assert told(world) == ["tenant_payment_failed None", "update_payment_method None"]


def test_a_mail_that_a_later_run_sends_follows_the_customer_s_policy_too(sandbox: RunningSandbox) -> None:
    world = card_world(sandbox, dunning=TWO_POLICIES)
    declines(world, sandbox, "insufficient_funds", segment="enterprise")
    world.sent.fails = ["busy"]
    bills(world)
    assert the_invoice(world).pending == (DELIVER,)
    world.runs_billing()
    assert told(world) == ["payment_failed 2026-02-06", "tenant_payment_failed 2026-02-06"]


def test_the_customer_is_not_read_for_that_where_everybody_follows_one_policy(
    world: CardWorld, sandbox: RunningSandbox
) -> None:
    declines(world, sandbox, "insufficient_funds")
    world.sent.fails = ["busy"]
    bills(world)
    view = WatchedDocuments(world.documents)
    world.runs_billing(through=view)
    assert told(world) == ["payment_failed 2026-02-04", "tenant_payment_failed 2026-02-04"]
    assert not [path for paths in view.reads for path in paths if "/customers/" in path]
