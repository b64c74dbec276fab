"""The composite indexes of Firestore: each is asked for at once, then all are waited for."""

from collections.abc import Iterator, Mapping
from typing import Any

from billing.ports import CompositeIndex
from billing.store.indexes import INDEXES
from infra.cloud import Cloud
from infra.errors import Refused
from infra.resource import Call, Late, Resource, Settings, always, gcloud

FIRESTORE = "firestore.googleapis.com"
KEPT = "it holds or serves the documents, which are never deleted from here"

_ORDERS = {"ASCENDING": "asc", "DESCENDING": "desc", "CONTAINS": "array"}
_CONFIGS = {"asc": "order=ascending", "desc": "order=descending", "array": "array-config=contains"}
_SCOPE, _BROKEN, _READY = "COLLECTION", "NEEDS_REPAIR", "READY"
"""An index of a whole collection group answers no query of one collection, and one that needs repair none at all."""

_PAUSE_SECONDS, _MOST_WAITS = 10.0, 360


_NEEDED = tuple(index for index in INDEXES if len(index.fields) > 1)


def indexes(*, database: str) -> Iterator[Resource]:
    """Each one, which is built in the background."""
    yield from (_index(index, database=database) for index in _NEEDED)


def all_built(*, database: str) -> Resource:
    """That each of them is ready: a query whose index is not fails, so that functions come after this."""
    place = f"--database={database}"

    def live(cloud: Cloud) -> Settings | None:
        if not any(_same(cloud, each, place) for each in _NEEDED):
            return None
        return {"state": "CREATING" if _waiting(cloud, place) else _READY}

    wait = Call("Firestore: wait until all indexes are built, for an hour at most", lambda cloud: _wait(cloud, place))
    return Resource(
        kind="Firestore indexes",
        name="all built",
        api=FIRESTORE,
        wanted={"state": _READY},
        live=live,
        create=(wait,),
        update=always(wait),
        kept=KEPT,
    )


def group_of(found: Mapping[str, Any]) -> str:
    """Of projects/P/databases/D/collectionGroups/GROUP/indexes/ID, or .../fields/ID."""
    return str(found["name"].split("/")[-3])


def is_broken(found: Mapping[str, Any]) -> bool:
    """Whether its building failed: nothing but another attempt builds it."""
    return found.get("state") == _BROKEN


def last_of(found: Mapping[str, Any] | None) -> str:
    """The id at the end of its name; of what is gone meanwhile nothing, which gcloud refuses."""
    return "" if found is None else str(found["name"].rpartition("/")[2])


def _index(index: CompositeIndex, *, database: str) -> Resource:
    group, place, title = index.collection_group, f"--database={database}", _title(index)

    def live(cloud: Cloud) -> Settings | None:
        found = _same(cloud, index, place)
        return None if found is None else {"index": _BROKEN if is_broken(found) else "there"}

    broken = Late(f"INDEX({title})", lambda cloud: last_of(_same(cloud, index, place)))
    delete = gcloud("firestore", "indexes", "composite", "delete", broken, place)
    configs = [f"--field-config=field-path={name},{_CONFIGS[direction]}" for name, direction in index.fields]
    create = gcloud(
        *("firestore", "indexes", "composite", "create", place, f"--collection-group={group}"),
        *(*configs, "--async"),
    )
    return Resource(
        kind="Firestore index",
        name=title,
        api=FIRESTORE,
        wanted={"index": "there"},
        live=live,
        create=(create,),
        update=always(delete, create),  # whose building failed is built by nothing else
        kept=KEPT,
    )


def _wait(cloud: Cloud, place: str) -> None:
    """Until each is ready. Raises Refused where one can't be built, or after an hour."""
    asked, waits = "Firestore: wait for the indexes", 0
    cloud.gcloud.forget()
    while waiting := _waiting(cloud, place):
        if failed := [title for title, state in waiting.items() if state == _BROKEN]:
            remedy = "the same command deletes it and builds it again"
            raise Refused(asked, said=f"could not be built: {'; '.join(failed)}", remedy=remedy)
        if waits == _MOST_WAITS:
            remedy = f"gcloud firestore operations list {place} says how far they are; the same command waits on"
            raise Refused(asked, said=f"still being built: {'; '.join(waiting)}", remedy=remedy)
        cloud.pause(_PAUSE_SECONDS)
        cloud.gcloud.forget()
        waits += 1


def _waiting(cloud: Cloud, place: str) -> Mapping[str, str]:
    """Those that no query can use yet, and the state of each."""
    states = {_title(each): (_same(cloud, each, place) or {}).get("state", "") for each in _NEEDED}
    return {title: state for title, state in states.items() if state != _READY}


def _title(index: CompositeIndex) -> str:
    return f"{index.collection_group} by {', '.join(f'{name} {direction}' for name, direction in index.fields)}"


def _same(cloud: Cloud, index: CompositeIndex, place: str) -> Mapping[str, Any] | None:
    """The one that answers the same queries; where there are two, not the one that can't be used."""
    found = cloud.gcloud.read("firestore", "indexes", "composite", "list", place) or []
    of_group = [each for each in found if group_of(each) == index.collection_group and each.get("queryScope") == _SCOPE]
    wanted = [[name, direction] for name, direction in index.fields]
    return min((each for each in of_group if _fields(each) == wanted), key=is_broken, default=None)


def _fields(index: Mapping[str, Any]) -> list[list[str]]:
    """Without the document's name, which Firestore adds at the end."""
    return [
        [each["fieldPath"], _ORDERS.get(each.get("order") or each.get("arrayConfig"), "?")]
        for each in index["fields"]
        if each["fieldPath"] != "__name__"
    ]
