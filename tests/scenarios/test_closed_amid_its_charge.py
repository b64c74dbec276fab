"""An invoice that is closed while a charge that a later night began is on its way: the process that asked for it died.

Whenever the invoice was issued, and the attempt first made: the request arrives after the charge was looked up.
"""

from typing import Any

import pytest

from billing.ports import ChargeOrder, ChargeOutcome
from billing.sandbox.server import RunningSandbox
from tests.collected_invoice import COLLECT, running, sandbox, the_invoice, unknown, world
from tests.collecting import CardWorld
from tests.scenarios.test_closed_before_its_charge_ended import Close, DiedError, came_once, closings
from tests.slow_charges import nights

__all__ = ["running", "sandbox", "world"]


def left_uncharged(sandbox: RunningSandbox, world: CardWorld, *, is_tried: bool) -> None:
    """The invoice of 1 February waits for its first charge, which never reached Stripe or was never made."""
    if is_tried:
        unknown(sandbox, world, "drop_before")
    else:
        world.joins("lumen")
        world.travels_to("2026-02-01")
        world.runs_billing(render=lambda _invoices: [], sweeps=False)  # what fails at its files is not charged
    assert (len(the_invoice(world).attempts), COLLECT in the_invoice(world).pending) == (int(is_tried), True)


@closings
@pytest.mark.parametrize("is_tried", [False, True])
def test_it_is_asked_about_as_long_as_the_call_that_began_it_may_run(
    sandbox: RunningSandbox, world: CardWorld, close: Close, monkeypatch: pytest.MonkeyPatch, *, is_tried: bool
) -> None:
    sent: list[ChargeOrder] = []

    def dies(order: ChargeOrder) -> ChargeOutcome:
        sent.append(order)
        raise DiedError

    left_uncharged(sandbox, world, is_tried=is_tried)
    stripe: Any = world.stripe.inner
    world.travels_to("2026-02-02T00:05")
    with monkeypatch.context() as dying:
        dying.setattr(stripe, "charge", dies)
        with pytest.raises(DiedError):
            world.runs_billing()
    close(world)
    nights(world, "2026-02-02T00:06")
    stripe.charge(sent[0])
    nights(world, "2026-02-03")
    came_once(world, close)
