"""A queue that tries on after the last try, as somebody set it by hand: the first last try counts, later ones may win.

Here the third try is the last that the doors know of, and the queue makes twelve more, ten minutes apart.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from billing.ports import StoreUnavailable, Write
from billing.store.fan_outs import FanOuts
from tests.functions.fanned_out import NIGHT
from tests.functions.small_tenants import AS_OF, add_tenant
from tests.functions.stepped_doors import Died, SteppedDoors, stepped_doors

TEN_MINUTES = timedelta(minutes=10)
LAST_TRY = NIGHT + 2 * TEN_MINUTES
NAMES = {"shard": "shard_1", "tenant": "tenant"}


@pytest.fixture
def doors(tmp_path: Path) -> SteppedDoors:
    made = stepped_doors(tmp_path)
    add_tenant(made.documents, "large", accounts=6, shards=2)
    made.tries_on, made.retry_after = 12, TEN_MINUTES
    return made


def spread(doors: SteppedDoors, *, failing: str, with_: BaseException, until: datetime | None = None) -> str:
    """Spread a run and do it all, while each such part fails before it writes what it is for; the id of the whole."""

    def fail(writes: Sequence[Write]) -> None:
        task = doors.under_way
        if task is None or task.body["task"]["part"] != failing or (until is not None and doors.clock.instant >= until):
            return
        if any(f"/{kind}/" in each.path for each in writes for kind in ("invoices", "subscriptions")):
            raise with_

    doors.before_commit = fail
    fan_out: str = doors.post({"fan_out": True, "as_of": AS_OF}).json["fan_out"]
    doors.run_all()
    return fan_out


def noted(doors: SteppedDoors, fan_out: str, part: str) -> tuple[str, datetime]:
    """The state of a part, and since when."""
    [found] = doors.documents.get_many([f"tenants/large/runs/{fan_out}"])
    assert found is not None
    state: Any = found.fields[f"part_{part}"]
    return state["state"], datetime.fromisoformat(state["at"])


def closings(doors: SteppedDoors) -> int:
    return sum(each.body["task"]["part"] == "closing" for each in doors.tasks.values())


def lines(doors: SteppedDoors) -> int:
    return sum(each["event"] == "dead_letter" for each in doors.log)


@pytest.mark.parametrize("part", NAMES)
def test_a_part_that_fails_every_time_is_given_up_once(doors: SteppedDoors, part: str) -> None:
    fan_out = spread(doors, failing=part, with_=RuntimeError("broken"))

    assert sum(status == 500 for _, status in doors.statuses) == 3 + 12
    assert (lines(doors), closings(doors)) == (1, 2)  # when no shard is left, and had the last try died
    [letter] = FanOuts(doors.documents).dead_letters(fan_out)
    assert (letter.part, letter.code, letter.at) == (NAMES[part], "internal_error", LAST_TRY)
    assert noted(doors, fan_out, NAMES[part]) == ("dead", LAST_TRY)
    assert noted(doors, fan_out, "closing") == ("done", LAST_TRY + timedelta(minutes=40))


@pytest.mark.parametrize("part", NAMES)
def test_a_part_that_dies_every_time_keeps_the_end_from_nobody_for_longer_than_its_first_last_try(
    doors: SteppedDoors, part: str
) -> None:
    fan_out = spread(doors, failing=part, with_=Died())

    assert sum(status == 0 for _, status in doors.statuses) == 3 + 12
    assert noted(doors, fan_out, NAMES[part]) == ("last_try", LAST_TRY)
    assert noted(doors, fan_out, "closing") == ("done", LAST_TRY + timedelta(minutes=40))
    assert (lines(doors), closings(doors)) == (0, 1)
    [letter] = FanOuts(doors.documents).dead_letters(fan_out)
    assert (letter.part, letter.code, letter.at) == (NAMES[part], "no_answer", LAST_TRY)


@pytest.mark.parametrize("with_", [RuntimeError("broken"), Died()], ids=["fails", "dies"])
@pytest.mark.parametrize("part", NAMES)
def test_a_try_after_the_last_that_goes_well_takes_the_letter_back_and_the_end_comes_after_it(
    doors: SteppedDoors, part: str, with_: BaseException
) -> None:
    works_again = LAST_TRY + timedelta(hours=1)
    fan_out = spread(doors, failing=part, with_=with_, until=works_again)

    assert len(doors.invoices("large")) == 6
    assert FanOuts(doors.documents).dead_letters(fan_out) == []
    assert noted(doors, fan_out, "shard_0" if part == "tenant" else "shard_1") == ("done", works_again)
    assert noted(doors, fan_out, "closing") == ("done", works_again + timedelta(seconds=doors.slice_seconds))


def test_batches_that_fail_every_time_are_given_up_once_each(doors: SteppedDoors) -> None:
    fan_out = spread(doors, failing="settle", with_=RuntimeError("broken"))

    batches = {each.name for each in doors.tasks.values() if each.body["task"]["part"] == "settle"}
    assert lines(doors) == len(batches) == 2
    assert FanOuts(doors.documents).dead_letters(fan_out) == []


def test_a_first_last_try_that_died_before_it_knew_of_shards_keeps_the_end_from_nobody(doors: SteppedDoors) -> None:
    """Until the store takes the number of shards; from then on the first shard dies."""

    def die(writes: Sequence[Write]) -> None:
        of_the_whole = doors.under_way is not None and doors.under_way.body["task"]["part"] == "tenant"
        knows = doors.clock.instant > LAST_TRY or all(getattr(each, "fields", {}).get("shards") != 2 for each in writes)
        if of_the_whole and (not knows or any("/subscriptions/" in each.path for each in writes)):
            raise Died

    doors.before_commit = die
    fan_out = doors.post({"fan_out": True, "as_of": AS_OF}).json["fan_out"]
    doors.run_all()

    assert noted(doors, fan_out, "tenant") == ("last_try", LAST_TRY)
    assert noted(doors, fan_out, "shard_1") == ("done", LAST_TRY + TEN_MINUTES)
    assert noted(doors, fan_out, "closing") == ("done", LAST_TRY + TEN_MINUTES + timedelta(minutes=40))


def test_while_the_store_is_away_a_part_is_given_up_aloud_once(doors: SteppedDoors) -> None:
    def away(_writes: Sequence[Write]) -> None:
        if doors.under_way is not None:
            raise StoreUnavailable("documents", reason="away")

    doors.before_commit = away
    doors.post({"fan_out": True, "as_of": AS_OF})
    doors.run_all()

    assert [status for _, status in doors.statuses] == [503] * 15
    assert lines(doors) == 1
