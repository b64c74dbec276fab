"""Fields of Firestore without an index of their own, and those by which documents expire: as declared, and no others.

A field that was exempt once and is asked for now is answered to no query until its exemption is taken back.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from billing.store.indexes import EXEMPTIONS, INDEXES, Exemption
from infra.cloud import Cloud
from infra.indexes import FIRESTORE, KEPT, group_of, is_broken, last_of
from infra.resource import Command, Difference, Resource, Settings, gcloud

_EXEMPT, _EXPIRES = "not indexed", "not indexed, documents expire by it"
_INDEXES, _EXPIRY = ("firestore", "indexes", "fields"), ("firestore", "fields", "ttls")
_NOT_INDEXED, _EXPIRE_BY = "not_indexed", "documents_expire_by"


@dataclass(frozen=True, slots=True)
class _Live:
    """What is live, each a collection and a field."""

    exempt: frozenset[tuple[str, str]]
    expiring: frozenset[tuple[str, str]]

    @classmethod
    def read(cls, cloud: Cloud, place: str) -> "_Live":
        """An exemption that is being taken back is none any more, and an expiry that failed is none yet."""
        own = cloud.gcloud.read(*_INDEXES, "list", place) or []
        expiring = cloud.gcloud.read(*_EXPIRY, "list", place) or []
        configs = ((each, each["indexConfig"]) for each in own)
        return cls(
            frozenset(
                (group_of(each), last_of(each))
                for each, config in configs
                if not config.get("indexes") and not config.get("usesAncestorConfig") and not config.get("reverting")
            ),
            frozenset((group_of(each), last_of(each)) for each in expiring if not is_broken(each["ttlConfig"])),
        )


def fields(*, database: str) -> Iterator[Resource]:
    """Those of each collection, and at last those that nobody declares."""
    place, groups = f"--database={database}", defaultdict[str, list[Exemption]](list)
    for exemption in EXEMPTIONS:
        groups[exemption.collection_group].append(exemption)
    yield from (_declared(group, exemptions, place) for group, exemptions in groups.items())
    yield _undeclared(place)


def _declared(group: str, exemptions: Sequence[Exemption], place: str) -> Resource:
    wanted = {each.field: _EXPIRES if each.expires else _EXEMPT for each in exemptions}

    def live(cloud: Cloud) -> Settings | None:
        found = _Live.read(cloud, place)
        exempt = (name for name in wanted if (group, name) in found.exempt)
        return {name: _EXPIRES if (group, name) in found.expiring else _EXEMPT for name in exempt} or None

    def commands(differing: Sequence[Difference]) -> Iterator[Command]:
        for each in differing:
            if each.live is None:
                yield _change(_INDEXES, group, each.field, place, "--disable-indexes")
            if each.wanted == _EXPIRES:
                yield _change(_EXPIRY, group, each.field, place, "--enable-ttl")
            elif each.live is not None:
                yield _change(_EXPIRY, group, each.field, place, "--disable-ttl")

    return Resource(
        kind="Firestore fields",
        name=group,
        api=FIRESTORE,
        wanted=wanted,
        live=live,
        create=tuple(commands([Difference(field=name, live=None, wanted=what) for name, what in wanted.items()])),
        update=lambda differing, _live: tuple(commands(differing)),
        kept=KEPT,
    )


def _undeclared(place: str) -> Resource:
    """In collections of billing's alone: others in the same database are nobody's business."""
    ours = {each.collection_group for each in EXEMPTIONS} | {each.collection_group for each in INDEXES}
    declared = {(each.collection_group, each.field) for each in EXEMPTIONS}

    def others(found: frozenset[tuple[str, str]]) -> list[str] | None:
        return sorted(f"{group}.{name}" for group, name in found - declared if group in ours) or None

    def live(cloud: Cloud) -> Settings:
        found = _Live.read(cloud, place)
        return {_NOT_INDEXED: others(found.exempt), _EXPIRE_BY: others(found.expiring)}

    def commands(_differing: Sequence[Difference], live: Settings) -> Iterator[Command]:
        for setting, area, flag in (
            (_EXPIRE_BY, _EXPIRY, "--disable-ttl"),
            (_NOT_INDEXED, _INDEXES, "--clear-exemption"),
        ):
            found = live[setting]
            for group, _, name in (each.partition(".") for each in (found if isinstance(found, list) else [])):
                yield _change(area, group, name, place, flag)

    return Resource(
        kind="Firestore fields",
        name="not declared",
        api=FIRESTORE,
        wanted={_NOT_INDEXED: None, _EXPIRE_BY: None},
        live=live,
        create=(),
        update=lambda differing, live: tuple(commands(differing, live)),
        kept=KEPT,
    )


def _change(area: tuple[str, ...], group: str, name: str, place: str, flag: str) -> Command:
    return gcloud(*area, "update", name, f"--collection-group={group}", place, flag, "--async")
