"""The composite indexes of Firestore: what is missing is asked for, what no query needs is left until asked for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from billing.ports import CompositeIndex
from billing.store.indexes import EXEMPTIONS, INDEXES
from infra.cloud import Cloud
from infra.resource import Allowed, Command, Difference, Late, Resource, Settings, always, gcloud

FIRESTORE = "firestore.googleapis.com"
KEPT = "it holds or serves the documents, which are never deleted from here"
READY, BROKEN = "READY", "NEEDS_REPAIR"
OURS = frozenset(each.collection_group for each in EXEMPTIONS) | {each.collection_group for each in INDEXES}
"""Billing's collections: others in the same database are nobody's business."""

UNTIL_SHRUNK = "code of another version may rely on it; --shrink makes it as declared, once a release is proven"
"""Why less is left as it is: at a release and at its roll-back two versions query one database."""

_ORDERS = {"ASCENDING": "asc", "DESCENDING": "desc", "CONTAINS": "array"}
_CONFIGS = {"asc": "order=ascending", "desc": "order=descending", "array": "array-config=contains"}
_SCOPE, _UNUSED = "COLLECTION", "no_query_needs"
"""An index of a whole collection group answers no query of one collection, and one that needs repair none at all."""

_NEEDED = tuple(index for index in INDEXES if len(index.fields) > 1)


def indexes(*, database: str, allowed: Allowed) -> Iterator[Resource]:
    """Each one, which is built in the background, and at last those that nobody declares."""
    yield from (_index(index, database=database) for index in _NEEDED)
    yield _undeclared(f"--database={database}", allowed)


def index_states(cloud: Cloud, place: str) -> Mapping[str, str]:
    """Of each that is declared by its title; READY can be used, and "" is not there."""
    titles = (_title(each.collection_group, each.fields) for each in _NEEDED)
    return {title: (_same(cloud, title, place) or {}).get("state", "") for title in titles}


def group_of(found: Mapping[str, Any]) -> str:
    """Of projects/P/databases/D/collectionGroups/GROUP/indexes/ID, or .../fields/ID."""
    return str(found["name"].split("/")[-3])


def is_broken(found: Mapping[str, Any]) -> bool:
    """Whether its building failed: nothing but another attempt builds it."""
    return found.get("state") == BROKEN


def last_of(found: Mapping[str, Any] | None) -> str:
    """The id at the end of its name; of what is gone meanwhile nothing, which gcloud refuses."""
    return "" if found is None else str(found["name"].rpartition("/")[2])


def _index(index: CompositeIndex, *, database: str) -> Resource:
    group, place = index.collection_group, f"--database={database}"
    title = _title(group, index.fields)

    def live(cloud: Cloud) -> Settings | None:
        found = _same(cloud, title, place)
        return None if found is None else {"index": BROKEN if is_broken(found) else "there"}

    broken = Late(f"INDEX({title})", lambda cloud: last_of(_same(cloud, title, place)))
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


def _undeclared(place: str, allowed: Allowed) -> Resource:
    """Those of billing's collections that no query needs (any more); each costs a write for every document."""
    declared = {_title(index.collection_group, index.fields) for index in _NEEDED}

    def live(cloud: Cloud) -> Settings:
        others = [each for each in _listed(cloud, place) if each[0] not in declared and group_of(each[1]) in OURS]
        return {_UNUSED: sorted(title for title, _ in others) or None, "ids": [last_of(found) for _, found in others]}

    def update(_differing: Sequence[Difference], live: Settings) -> Sequence[Command]:
        ids = cast("list[str]", live["ids"])
        return [gcloud("firestore", "indexes", "composite", "delete", each, place) for each in ids]

    return Resource(
        kind="Firestore indexes",
        name="not declared",
        api=FIRESTORE,
        wanted={_UNUSED: None},
        live=live,
        create=(),
        update=update,
        kept=KEPT,
        left=lambda _live: {} if allowed.shrink else {_UNUSED: UNTIL_SHRUNK},
    )


def _title(group: str, fields: Iterable[tuple[str, str]]) -> str:
    return f"{group} by {', '.join(f'{name} {direction}' for name, direction in fields)}"


def _same(cloud: Cloud, wanted: str, place: str) -> Mapping[str, Any] | None:
    """The one of that title, which answers the same queries; where there are two, not the one that can't be used."""
    return min((found for title, found in _listed(cloud, place) if title == wanted), key=is_broken, default=None)


def _listed(cloud: Cloud, place: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Each that answers queries of one collection, after its title."""
    found = cloud.gcloud.read("firestore", "indexes", "composite", "list", place) or []
    return [(_title(group_of(each), _fields(each)), each) for each in found if each.get("queryScope") == _SCOPE]


def _fields(index: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Without the document's name, which Firestore adds at the end."""
    return [
        (each["fieldPath"], _ORDERS.get(each.get("order") or each.get("arrayConfig"), "?"))
        for each in index["fields"]
        if each["fieldPath"] != "__name__"
    ]
