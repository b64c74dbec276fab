"""Documents from a backup, while files and payments are of later: what was done since is found and not done again."""

from collections.abc import Iterator

import pytest

from billing.adapters.stripe_gateway import StripeGateway
from billing.domain.attempt import AttemptStatus
from billing.sandbox.server import RunningSandbox, running_sandbox
from tests.collecting import CardWorld, card_world
from tests.sandbox_client import StandingClock

_DAYS = 3 * 86_400  # Stripe keeps an idempotency key for one


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clock=StandingClock()) as running:
        yield running


@pytest.fixture
def world(sandbox: RunningSandbox) -> CardWorld:
    """Three customers, of whom one has a card that is declined."""
    world = card_world(sandbox)
    for name, card in {"c1": "pm_card_visa", "c2": "pm_card_chargeCustomerFail", "c3": "pm_card_visa"}.items():
        world.joins(name, card=card)
    return world


def restored(world: CardWorld, sandbox: RunningSandbox) -> CardWorld:
    """The world bills and charges; what comes back is the backup of the night before, days later, set to look first."""
    backup = card_world(sandbox, key=world.key)
    backup.copies(world)
    backup.objects = world.objects
    world.travels_to("2026-02-01")
    report = world.runs_billing()
    assert (report.collected.charged, report.collected.failed.total()) == (2, 1)
    sandbox.control("POST", "clock", {"advance": _DAYS})
    backup.stripe.inner = StripeGateway(world.key, base_url=sandbox.url, looks_first=True)
    return backup


def test_the_same_run_again_charges_nobody_again(world: CardWorld, sandbox: RunningSandbox) -> None:
    backup = restored(world, sandbox)
    backup.travels_to("2026-02-01")
    report = backup.runs_billing()
    assert (report.collected.charged, report.collected.failed.total(), report.unsettled) == (2, 1, 0)
    assert world.taken() == [4900, 4900]
    assert {each.number: each.amount_due for each in backup.invoices()} == {
        each.number: each.amount_due for each in world.invoices()
    }
    assert {each.gateway_id for each in backup.payments()} == {each.gateway_id for each in world.payments()}


def test_a_charge_that_was_declined_is_known_and_not_tried_again(world: CardWorld, sandbox: RunningSandbox) -> None:
    backup = restored(world, sandbox)
    backup.travels_to("2026-02-01")
    backup.runs_billing()
    [declined] = [each for each in backup.invoices() if each.amount_due]
    assert [each.status for each in declined.attempts] == [AttemptStatus.DECLINED]
    intents = world.account.v1.payment_intents.list({"limit": 100}).data
    assert len(intents) == 3


def test_while_the_gateway_does_not_answer_nothing_is_charged(world: CardWorld, sandbox: RunningSandbox) -> None:
    backup = restored(world, sandbox)
    backup.stripe.inner = StripeGateway(world.key, base_url="http://127.0.0.1:9", timeout_seconds=1, looks_first=True)
    backup.travels_to("2026-02-01")
    assert backup.runs_billing().collected.charged == 0
    backup.stripe.inner = StripeGateway(world.key, base_url=sandbox.url, looks_first=True)
    backup.runs_billing()
    assert world.taken() == [4900, 4900]
    assert len(backup.payments()) == 2
