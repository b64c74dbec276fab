"""A pass over the outbox ends before its function is stopped, and before its turn is over (usecases/event_turn.py)."""

import pytest

from billing.adapters.event_posts import Patience
from billing.adapters.firestore_calls import Patience as StorePatience
from billing.api.job_door import LONGEST_MARGIN_SECONDS
from billing.config import Settings
from billing.ports.tasks import FunctionName
from billing.usecases.event_turn import LAST, SLICE, TURN
from infra.functions import environment
from infra.loading import load
from tests.infra.cloud import DECLARATION, PROJECT

LAST_SECONDS = LAST.total_seconds()


def test_the_last_event_has_time_for_the_slowest_receiver_and_a_call_of_the_store_before_and_after() -> None:
    """Half a minute is left for its name and its secret."""
    assert Patience().longest + 2 * StorePatience().call_seconds + 30 <= LAST_SECONDS


def test_a_turn_outlasts_the_last_event_that_its_holder_begins() -> None:
    assert SLICE + LAST <= TURN


@pytest.mark.parametrize(
    ("name", "margin"),
    [("apiProxy", LAST_SECONDS), ("run_dunning", LONGEST_MARGIN_SECONDS)],
    ids=["the queue's door", "the end of a dunning run"],
)
def test_no_event_is_begun_that_the_function_s_timeout_would_cut_off(name: FunctionName, margin: float) -> None:
    declaration = load(DECLARATION, {"project": PROJECT})
    seconds = Settings.from_environment(environment(declaration, name)).run_deadline_seconds
    assert 0 < seconds - margin <= declaration.functions[name].timeout - LAST_SECONDS
