"""Fields of Firestore without an index of their own, and those by which documents expire.

No query by a field is answered until its exemption is taken back, so that is done at once. The other way round, the
code that serves may query by a field that is to be exempt, and documents that expire are gone: where functions query
the database, both wait until they are asked for.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from billing.store.indexes import EXEMPTIONS, Exemption
from infra.cloud import Cloud
from infra.declaration import Declaration
from infra.functions import is_queried
from infra.indexes import FIRESTORE, KEPT, OURS, UNTIL_SHRUNK, group_of, is_broken, last_of
from infra.resource import Allowed, Command, Difference, Resource, Settings, gcloud

_EXEMPT, _EXPIRES = "not indexed", "not indexed, documents expire by it"
_EXPIRE_IN_PART = "not indexed, only new documents expire by it"
_INDEXES, _EXPIRY = ("firestore", "indexes", "fields"), ("firestore", "fields", "ttls")
_NOT_INDEXED, _EXPIRE_BY, _QUERIED = "not_indexed", "documents_expire_by", "queried"

_DECLARED = frozenset((each.collection_group, each.field) for each in EXEMPTIONS)
_EXPIRY_NAMES = frozenset(each.field for each in EXEMPTIONS if each.expires)
"""What documents of whichever collection expire by, in whichever version; somebody's hand may have named any other."""


@dataclass(frozen=True, slots=True)
class _Live:
    """What is live in billing's collections, each a collection and a field; of expiry whether it could not be built."""

    exempt: frozenset[tuple[str, str]]
    reverting: frozenset[tuple[str, str]]
    expiring: Mapping[tuple[str, str], bool]

    @classmethod
    def read(cls, cloud: Cloud, place: str) -> "_Live":
        """An exemption that is being taken back is none any more, and no index yet."""
        own = cloud.gcloud.read(*_INDEXES, "list", place) or []
        expiring = cloud.gcloud.read(*_EXPIRY, "list", place) or []
        configs = {_place(each): each["indexConfig"] for each in own if group_of(each) in OURS}
        reverting = frozenset(name for name, config in configs.items() if config.get("reverting"))
        exempt = frozenset(
            name
            for name, config in configs.items()
            if not config.get("indexes") and not config.get("usesAncestorConfig")
        )
        broken = {_place(each): is_broken(each["ttlConfig"]) for each in expiring if group_of(each) in OURS}
        return cls(exempt - reverting, reverting, broken)

    def of(self, field: tuple[str, str]) -> str | None:
        """In the words of the declaration; None for one that is indexed."""
        if field not in self.exempt:
            return None
        return {None: _EXEMPT, False: _EXPIRES, True: _EXPIRE_IN_PART}[self.expiring.get(field)]


def fields(declaration: Declaration, allowed: Allowed) -> Iterator[Resource]:
    """Those of each collection, and at last those that nobody declares."""
    place, groups = f"--database={declaration.firestore.database}", defaultdict[str, list[Exemption]](list)
    for exemption in EXEMPTIONS:
        groups[exemption.collection_group].append(exemption)
    yield from (_declared(group, exemptions, declaration, allowed) for group, exemptions in groups.items())
    yield _undeclared("not declared", place, lambda field: field not in _EXPIRY_NAMES)
    yield _undeclared("of another version", place, lambda field: field in _EXPIRY_NAMES, left=not allowed.shrink)


def field_states(cloud: Cloud, place: str) -> Mapping[str, str]:
    """Of each field of billing's collections whose index is being built by its title, or is asked for by a plan."""
    found = _Live.read(cloud, place)
    taken_back = {each for each in found.exempt - _DECLARED if each[1] not in _EXPIRY_NAMES}
    return dict.fromkeys(map(".".join, sorted(taken_back | (found.reverting - _DECLARED))), "CREATING")


def _declared(group: str, exemptions: Sequence[Exemption], declaration: Declaration, allowed: Allowed) -> Resource:
    wanted = {each.field: _EXPIRES if each.expires else _EXEMPT for each in exemptions}
    place = f"--database={declaration.firestore.database}"

    def live(cloud: Cloud) -> Settings | None:
        found = _Live.read(cloud, place)
        exempt = {name: what for name in wanted if (what := found.of((group, name)))}
        return {**exempt, _QUERIED: True} if is_queried(cloud, declaration) else exempt or None

    def left(live: Settings) -> Mapping[str, str]:
        """What is indexed, and what has documents that stay."""
        if allowed.shrink or _QUERIED not in live:
            return {}
        return {name: UNTIL_SHRUNK for name in wanted if live.get(name) in (None, _EXEMPT)}

    def commands(differing: Sequence[Difference]) -> tuple[Command, ...]:
        return tuple(chain.from_iterable(_steps(each, group, place) for each in differing))

    return Resource(
        kind="Firestore fields",
        name=group,
        api=FIRESTORE,
        wanted=wanted,
        live=live,
        create=commands([Difference(field=name, live=None, wanted=what) for name, what in wanted.items()]),
        update=lambda differing, _live: commands(differing),
        kept=KEPT,
        left=left,
    )


def _steps(each: Difference, group: str, place: str) -> Iterator[Command]:
    if each.live is None:
        yield _change(_INDEXES, group, each.field, place, "--disable-indexes")
    if each.wanted == _EXPIRES:
        yield _change(_EXPIRY, group, each.field, place, "--enable-ttl")
    elif each.live is not None:
        yield _change(_EXPIRY, group, each.field, place, "--disable-ttl")


def _undeclared(name: str, place: str, of: Callable[[str], bool], *, left: bool = False) -> Resource:
    """Of the fields that it is about those that are exempt, or that documents expire by, and that nobody declares."""

    def live(cloud: Cloud) -> Settings:
        found = _Live.read(cloud, place)
        return {_NOT_INDEXED: others(found.exempt), _EXPIRE_BY: others(frozenset(found.expiring))}

    def others(found: frozenset[tuple[str, str]]) -> list[str] | None:
        return sorted(".".join(each) for each in found - _DECLARED if of(each[1])) or None

    def commands(_differing: Sequence[Difference], live: Settings) -> Iterator[Command]:
        for setting, area, flag in (
            (_EXPIRE_BY, _EXPIRY, "--disable-ttl"),
            (_NOT_INDEXED, _INDEXES, "--clear-exemption"),
        ):
            found = live[setting]
            for group, _, field in (each.partition(".") for each in (found if isinstance(found, list) else [])):
                yield _change(area, group, field, place, flag)

    return Resource(
        kind="Firestore fields",
        name=name,
        api=FIRESTORE,
        wanted={_NOT_INDEXED: None, _EXPIRE_BY: None},
        live=live,
        create=(),
        update=lambda differing, live: tuple(commands(differing, live)),
        kept=KEPT,
        left=lambda _live: dict.fromkeys((_NOT_INDEXED, _EXPIRE_BY), UNTIL_SHRUNK) if left else {},
    )


def _place(found: Mapping[str, str]) -> tuple[str, str]:
    return group_of(found), last_of(found)


def _change(area: tuple[str, ...], group: str, name: str, place: str, flag: str) -> Command:
    return gcloud(*area, "update", name, f"--collection-group={group}", place, flag, "--async")
