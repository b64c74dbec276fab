"""An invoice that is closed, however that is, while its charge fails or waits for its customer: nobody hears of that.

What the customer could still confirm is cancelled, so that it can't pay twice; of one that was written off it may.
"""

import pytest

from tests.collected_invoice import COLLECT, bills, running, sandbox, the_invoice, world
from tests.collecting import CardWorld
from tests.scenarios.test_closed_before_its_charge_ended import (
    Close,
    credits_all,
    voids,
    wires,
    writes_off,
)
from tests.slow_charges import nights

__all__ = ["running", "sandbox", "world"]

CONFIRMS, DECLINED = "pm_card_authenticationRequired", "pm_card_chargeCustomerFail"


def intents(world: CardWorld) -> list[str]:
    return [each.status for each in world.account.v1.payment_intents.list({}).data]


def told_of_charge(world: CardWorld) -> list[str]:
    return [each for each in world.sent.kinds() if each != "credit_note_issued"]


def is_charged_and_closed(world: CardWorld, close: Close, *, card: str) -> None:
    """The gateway's answer comes when the invoice is closed by somebody else."""
    world.joins("lumen", card=card)
    world.stripe.after = lambda verb: close(world) if verb == "charge" else None
    bills(world)


@pytest.mark.parametrize("close", [wires, credits_all])
def test_what_its_customer_was_to_confirm_is_cancelled_and_not_asked_for(world: CardWorld, close: Close) -> None:
    is_charged_and_closed(world, close, card=CONFIRMS)
    assert COLLECT in the_invoice(world).pending
    nights(world, "2026-02-02")
    assert (intents(world), the_invoice(world).pending) == (["canceled"], ())
    assert told_of_charge(world) == []
    world.stripe.calls.clear()
    nights(world, "2026-02-03")
    assert world.stripe.calls == []


@pytest.mark.parametrize("close", [wires, credits_all, writes_off])
def test_of_a_decline_nobody_is_told(world: CardWorld, close: Close) -> None:
    is_charged_and_closed(world, close, card=DECLINED)
    nights(world, "2026-02-02")
    assert (told_of_charge(world), the_invoice(world).pending) == ([], ())


@pytest.mark.parametrize("close", [voids, wires, credits_all])
def test_what_waits_for_its_customer_is_cancelled_by_the_next_night_where_whoever_closed_it_did_not(
    world: CardWorld, close: Close
) -> None:
    world.joins("lumen", card=CONFIRMS)
    bills(world)
    assert world.sent.kinds() == ["action_required"]
    close(world)
    nights(world, "2026-02-02")
    assert (intents(world), the_invoice(world).pending) == (["canceled"], ())
