"""A spread run whose instances die, or whose tasks come twice at once, at any step: it ends, nothing doubled."""

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import cycle
from pathlib import Path

import pytest

from billing.ports import Query
from billing.store.fan_outs import FanOuts
from billing.store.invoices import Invoices
from tests.functions.fanned_out import NIGHT
from tests.functions.small_tenants import AS_OF, add_tenant
from tests.functions.stepped_doors import Died, SteppedDoors, stepped_doors

STEPS = range(1, 43)
LAST_TRY_STEPS = range(1, 80)
DUNNING_STEPS = range(1, 49)
APRIL = NIGHT + timedelta(days=32)
TENANTS = {"large": 4, "small": 1}


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tenant in two shards, and a small one."""
    folder = tmp_path_factory.mktemp("books")
    documents = stepped_doors(folder).documents
    add_tenant(documents, "large", accounts=TENANTS["large"], shards=2)
    add_tenant(documents, "small")
    return folder


@pytest.fixture
def doors_of(books: Path, tmp_path: Path) -> Callable[[int], SteppedDoors]:
    """Doors over a copy of the books, with so many attempts."""

    def doors(attempts: int) -> SteppedDoors:
        shutil.copytree(books, tmp_path / "copy")
        return stepped_doors(tmp_path / "copy", attempts=attempts)

    return doors


def dying_at(step: int) -> Callable[[int], None]:
    """What ends the instance at a step."""

    def die(number: int) -> None:
        if number == step:
            raise Died

    return die


def coming_twice_at(step: int, doors: SteppedDoors) -> Callable[[int], None]:
    """What delivers the task that is under way a second time at a step."""

    def come_twice(number: int) -> None:
        if number == step and doors.under_way is not None:
            assert doors.call(doors.under_way) == 200

    return come_twice


def billed(doors: SteppedDoors) -> dict[str, list[str]]:
    return {tenant_id: doors.invoices(tenant_id) for tenant_id in TENANTS}


EVERYONE = {
    "large": ["INV-2026-02-0001", "INV-2026-02-0002", "INV-2026-02-0003", "INV-2026-02-0004"],
    "small": ["INV-2026-02-0001"],
}


def states(doors: SteppedDoors, tenant_id: str, fan_out: str) -> dict[str, str]:
    [found] = doors.documents.get_many([f"tenants/{tenant_id}/runs/{fan_out}"])
    fields: dict = found.fields if found is not None else {}
    return {name.removeprefix("part_"): each["state"] for name, each in fields.items() if name.startswith("part_")}


@pytest.mark.parametrize(("attempts", "steps"), [(3, STEPS), (1, LAST_TRY_STEPS)])
def test_the_steps_are_all_there_are(
    doors_of: Callable[[int], SteppedDoors], attempts: int, steps: Sequence[int]
) -> None:
    doors = doors_of(attempts)
    doors.post({"fan_out": True, "as_of": AS_OF})
    doors.run_all()

    assert billed(doors) == EVERYONE
    assert doors.steps == steps[-1]


@pytest.mark.parametrize("step", STEPS)
def test_an_instance_that_dies_at_any_step_costs_nobody_anything(
    doors_of: Callable[[int], SteppedDoors], step: int
) -> None:
    doors = doors_of(3)
    doors.at_step = dying_at(step)
    fan_out = doors.post({"fan_out": True, "as_of": AS_OF}).json["fan_out"]
    doors.run_all()

    assert billed(doors) == EVERYONE
    assert FanOuts(doors.documents).dead_letters(fan_out) == []
    assert states(doors, "large", fan_out) == {"shard_0": "done", "shard_1": "done", "closing": "done"}
    assert doors.documents.query(Query(f"tenants/large/runs/{fan_out}/batches")) == []


@pytest.mark.parametrize("step", LAST_TRY_STEPS)
def test_one_that_dies_at_a_last_try_leaves_a_dead_letter_and_the_next_run_does_the_rest(
    doors_of: Callable[[int], SteppedDoors], step: int
) -> None:
    doors, died = doors_of(1), list[str]()

    def die(number: int) -> None:
        if number == step and doors.under_way is not None:
            died.append(doors.under_way.headers["X-Tenant-ID"])
            raise Died

    doors.at_step = die
    fan_out = doors.post({"fan_out": True, "as_of": AS_OF}).json["fan_out"]
    doors.run_all()
    letters = FanOuts(doors.documents).dead_letters(fan_out)
    parts = states(doors, "large", fan_out)
    assert len(letters) <= 1
    assert {each.tenant_id for each in letters} <= set(died)
    assert {f"{each.tenant_id} {each.part}" for each in letters} == {
        f"{tenant_id} {part}"
        for tenant_id in TENANTS
        for part, state in states(doors, tenant_id, fan_out).items()
        if state in ("last_try", "dead")
    }
    if parts.keys() & {"shard_0", "tenant"} and parts.get("shard_1"):
        assert "closing" in parts  # whichever of them died, the end came
    if parts.get("closing") == "done":
        assert all(not each.pending for each in Invoices.of(doors.documents, "large").all())
        assert doors.documents.query(Query(f"tenants/large/runs/{fan_out}/batches")) == []

    doors.at_step, doors.clock.instant = bool, NIGHT + timedelta(days=1)
    doors.post({"fan_out": True, "as_of": AS_OF})
    doors.run_all()
    assert billed(doors) == EVERYONE


@pytest.mark.parametrize("step", STEPS)
def test_a_task_that_comes_a_second_time_at_any_step_of_the_first_does_nothing_twice(
    doors_of: Callable[[int], SteppedDoors], step: int
) -> None:
    doors = doors_of(3)
    doors.at_step = coming_twice_at(step, doors)
    fan_out = doors.post({"fan_out": True, "as_of": AS_OF}).json["fan_out"]
    doors.run_all()

    assert billed(doors) == EVERYONE
    assert FanOuts(doors.documents).dead_letters(fan_out) == []
    assert states(doors, "large", fan_out) == {"shard_0": "done", "shard_1": "done", "closing": "done"}


def test_tasks_that_come_again_a_day_late_change_no_invoice(doors_of: Callable[[int], SteppedDoors]) -> None:
    doors = doors_of(3)
    doors.post({"fan_out": True, "as_of": AS_OF})
    doors.run_all()
    before = [[*Invoices.of(doors.documents, each).all()] for each in TENANTS]

    doors.clock.instant += timedelta(days=1)
    assert [doors.call(each) for each in list(doors.tasks.values())] == [200] * len(doors.tasks)
    doors.run_all()

    assert [[*Invoices.of(doors.documents, each).all()] for each in TENANTS] == before


@pytest.fixture(scope="module")
def unpaid(books: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same books a month after everybody was billed."""
    folder = tmp_path_factory.mktemp("unpaid") / "books"
    shutil.copytree(books, folder)
    doors = stepped_doors(folder)
    doors.post({"fan_out": True, "as_of": AS_OF})
    doors.run_all()
    return folder


def chasing(unpaid: Path, folder: Path) -> SteppedDoors:
    shutil.copytree(unpaid, folder)
    doors = stepped_doors(folder)
    doors.clock.instant = APRIL
    return doors


def assert_chased_once(doors: SteppedDoors) -> None:
    [fan_out, _] = FanOuts(doors.documents).latest(limit=9)
    assert FanOuts(doors.documents).dead_letters(fan_out.id) == []
    assert set(states(doors, "large", fan_out.id).values()) == {"done"}
    for tenant_id, accounts in TENANTS.items():
        records = [
            record
            for batch in doors.documents.query(Query(f"tenants/{tenant_id}/audit"))
            for record in batch.fields["records"]  # type: ignore[union-attr]
        ]
        done = Counter(each["event"] for each in records)  # type: ignore[index, call-overload]
        assert (done["invoice.overdue"], done["dunning.entered"], done["dunning.step_done"]) == (accounts,) * 3
        assert doors.documents.query(Query(f"tenants/{tenant_id}/audit_seals"))


@pytest.mark.parametrize("step", DUNNING_STEPS)
def test_dunning_that_dies_at_any_step_takes_each_step_of_a_case_once(unpaid: Path, tmp_path: Path, step: int) -> None:
    doors = chasing(unpaid, tmp_path / "copy")
    doors.at_step = dying_at(step)
    doors.post({"fan_out": True}, job="run_dunning")
    doors.run_all()

    assert doors.steps >= DUNNING_STEPS[-1]
    assert_chased_once(doors)


@pytest.mark.parametrize("step", DUNNING_STEPS)
def test_dunning_that_comes_a_second_time_at_any_step_takes_each_step_of_a_case_once(
    unpaid: Path, tmp_path: Path, step: int
) -> None:
    doors = chasing(unpaid, tmp_path / "copy")
    doors.at_step = coming_twice_at(step, doors)
    doors.post({"fan_out": True}, job="run_dunning")
    doors.run_all()

    assert_chased_once(doors)


@pytest.mark.parametrize("attempts", [1, 3])
def test_instances_whose_clocks_differ_come_to_the_same_end(
    doors_of: Callable[[int], SteppedDoors], attempts: int
) -> None:
    doors = doors_of(attempts)
    skews = cycle([timedelta(minutes=-3), timedelta(minutes=2), timedelta()])

    def skew(_call: object) -> None:
        doors.clock.instant += next(skews)

    fan_out = doors.post({"fan_out": True, "as_of": AS_OF}).json["fan_out"]
    doors.run_all(before=skew)

    assert billed(doors) == EVERYONE
    assert FanOuts(doors.documents).dead_letters(fan_out) == []
    assert states(doors, "large", fan_out)["closing"] == "done"
