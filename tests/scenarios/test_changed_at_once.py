"""Two change one subscription at once, or one while a run bills it: both count, or one of them is refused."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from billing.domain.errors import InvalidInput
from billing.domain.life_change import Cancellation, ItemsChange, Pausing
from billing.ports import Write, WriteConflict
from billing.store.subscriptions import Subscriptions
from billing.usecases.change_life import change_life
from tests.april_subscriptions import world
from tests.builders import utc
from tests.reviewing import call
from tests.watched_documents import Once, WatchedDocuments
from tests.world import World

__all__ = ["world"]


class Unseen(Exception):
    """The caller has not seen the version that it would change."""


def version_of(world: World, subscription_id: str) -> str:
    [stored] = Subscriptions.of(world.documents, "acme").get([subscription_id])
    assert stored is not None
    return stored.version


def test_a_change_that_loses_to_a_run_is_decided_anew(world: World) -> None:
    def run() -> None:
        world.travels_to("2026-05-01")
        world.runs_billing()

    late = WatchedDocuments(world.documents, before=Once("subscriptions", run))
    world.travels_to("2026-05-01")
    with pytest.raises(InvalidInput, match="at: expected an instant not billed yet, from 2026-05-01"):
        change_life(late, "sub-basic", Pausing(at=utc("2026-04-20")), call=call(world))


def test_two_changes_at_once_both_count(world: World) -> None:
    world.travels_to("2026-04-11")

    def somebody() -> None:
        change_life(world.documents, "sub-basic", ItemsChange(quantities={"seat": Decimal(2)}), call=call(world))

    crowded = WatchedDocuments(world.documents, before=Once("subscriptions", somebody))
    change_life(crowded, "sub-basic", Cancellation(), call=call(world))
    after = world.subscription("sub-basic")
    assert (after.end, [each.quantity for each in after.items]) == (utc("2026-05-01"), [Decimal(2)])


def test_somebody_who_is_quicker_between_the_check_and_the_commit_is_seen(world: World) -> None:
    """The version that the caller has seen stands when the change is decided, and no longer when it is written."""
    world.travels_to("2026-04-11")
    read = version_of(world, "sub-basic")

    def only_what_was_read(version: str) -> None:
        if version != read:
            raise Unseen

    def somebody() -> None:
        change_life(world.documents, "sub-basic", ItemsChange(quantities={"seat": Decimal(2)}), call=call(world))

    crowded = WatchedDocuments(world.documents, before=Once("subscriptions", somebody))
    with pytest.raises(Unseen):
        change_life(crowded, "sub-basic", Cancellation(), call=call(world), seen=only_what_was_read)
    after = world.subscription("sub-basic")
    assert (after.end, [each.quantity for each in after.items]) == (None, [Decimal(2)])


def test_one_that_always_loses_gives_up(world: World) -> None:
    def somebody_is_quicker(_writes: Sequence[Write]) -> None:
        world.damages("subscriptions/sub-basic", {"shard": 0})

    with pytest.raises(WriteConflict):
        change_life(
            WatchedDocuments(world.documents, before=somebody_is_quicker), "sub-basic", Pausing(), call=call(world)
        )
