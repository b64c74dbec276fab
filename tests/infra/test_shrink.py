"""What the code of another version may query by is taken away only when it is asked for, once a release is proven."""

from collections.abc import Callable

import pytest

from infra.errors import Halted
from infra.loading import load
from infra.resource import Allowed
from tests.infra.cloud import DECLARATION, PROJECT, World

SHRINK = Allowed(shrink=True)
GROUPS = f"projects/{PROJECT}/databases/(default)/collectionGroups"
OLD_INDEX = {
    "name": f"{GROUPS}/invoices/indexes/i99",
    "queryScope": "COLLECTION",
    "fields": [
        {"fieldPath": "status", "order": "ASCENDING"},
        {"fieldPath": "issued_on", "order": "DESCENDING"},
        {"fieldPath": "__name__", "order": "DESCENDING"},
    ],
    "state": "READY",
}


def field(state: dict, place: str) -> dict:
    name = f"{GROUPS}/{place}"
    return state["fields"].setdefault(name, {"name": name, "indexConfig": {}})


OF_ANOTHER_VERSION: dict[str, tuple[Callable[[dict], object], list[str], list[str]]] = {
    "a field that it may query by": (
        lambda state: field(state, "invoices/fields/due_on").update(indexConfig={"usesAncestorConfig": True}),
        ["Firestore fields invoices: due_on"],
        ["indexes fields update due_on --collection-group=invoices --disable-indexes"],
    ),
    "the only field that is exempt in its collection": (
        lambda state: state["fields"].pop(f"{GROUPS}/turns/fields/until"),
        ["Firestore fields turns: until"],
        ["indexes fields update until --collection-group=turns --disable-indexes"],
    ),
    "documents that it keeps": (
        lambda state: field(state, "events/fields/expires_at").pop("ttlConfig"),
        ["Firestore fields events: expires_at"],
        ["fields ttls update expires_at --collection-group=events --enable-ttl"],
    ),
    "documents that it lets expire": (
        lambda state: field(state, "reviews/fields/expires_at").update(ttlConfig={"state": "ACTIVE"}),
        [
            "Firestore fields of another version: not_indexed",
            "Firestore fields of another version: documents_expire_by",
        ],
        [
            "fields ttls update expires_at --collection-group=reviews --disable-ttl",
            "indexes fields update expires_at --collection-group=reviews --clear-exemption",
        ],
    ),
    "an old index": (
        lambda state: state["indexes"].append(OLD_INDEX),
        ["Firestore indexes not declared: no_query_needs"],
        ["indexes composite delete i99"],
    ),
}


def shown(steps: list[str]) -> list[str]:
    """Of commands the part that tells them apart."""
    ends = (" '--database=(default)'", " --async", f" --project={PROJECT}")
    for end in ends:
        steps = [each.replace(end, "") for each in steps]
    return [each.removeprefix("gcloud firestore ") for each in steps]


@pytest.mark.parametrize("what", OF_ANOTHER_VERSION)
def test_what_another_version_may_rely_on_is_taken_away_only_when_it_is_asked_for(applied: World, what: str) -> None:
    stands, left, steps = OF_ANOTHER_VERSION[what]
    stands(applied.gcloud.state)

    plan = applied.plan()
    assert plan.changes == []
    assert [str(each).partition(": code of another version")[0] for each in plan.left] == left
    assert "--shrink" in plan.left[0].why
    assert applied.apply() == []

    assert shown(applied.apply(allowed=SHRINK)) == steps
    assert (applied.plan().changes, applied.plan().left) == ([], [])


def test_an_index_of_a_collection_that_is_not_billing_s_or_of_a_whole_group_is_left_alone(applied: World) -> None:
    applied.gcloud.state["indexes"] += [
        {**OLD_INDEX, "name": f"{GROUPS}/recipes/indexes/i98"},
        {**OLD_INDEX, "queryScope": "COLLECTION_GROUP"},
    ]
    plan = applied.plan(allowed=SHRINK)
    assert (plan.changes, plan.left) == ([], [])


def test_the_first_apply_makes_everything_also_where_it_stopped_half_way(world: World) -> None:
    world.gcloud.state["refusals"].append(["fields update until --collection-group=turns", 1, "INTERNAL: an outage"])
    with pytest.raises(Halted, match="Firestore fields turns"):
        world.apply()
    world.apply()

    plan = world.plan()
    assert (plan.changes, plan.left) == ([], [])


def test_a_restored_database_that_no_function_queries_yet_gets_everything_at_once(applied: World) -> None:
    restored = load(DECLARATION, {"project": PROJECT, **applied.given, "database": "restored"})
    applied.gcloud.state["fields"].clear()
    applied.gcloud.state["indexes"].clear()

    applied.apply(restored)

    plan = applied.plan(restored)
    assert (plan.changes, plan.left) == ([], [])
    assert applied.gcloud.state["run_services"]["apiproxy"]["env"]["FIRESTORE_DATABASE"] == "restored"
