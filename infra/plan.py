"""The plan: what is declared and not there, or there and different."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from infra.apis import enabled
from infra.cloud import Cloud
from infra.errors import CannotChange
from infra.resource import Difference, Resource, Settings, Step, differences


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A thing to make, where it `is_new`, or to change; the steps do it."""

    resource: Resource
    is_new: bool
    differences: Sequence[Difference]
    steps: Sequence[Step]

    @property
    def title(self) -> str:
        """Its kind and name."""
        return f"{self.resource.kind} {self.resource.name}"

    @property
    def stuck(self) -> Sequence[str]:
        """What differs and can't be changed in place, with what to do instead."""
        if self.is_new:
            return ()
        return [
            f"{self.title}: {each.field} is {each.live}, not {each.wanted}: {self.resource.fixed[each.field]}"
            for each in self.differences
            if each.field in self.resource.fixed
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A setting that differs and stays so, and why."""

    resource: Resource
    difference: Difference
    why: str

    def __str__(self) -> str:
        """In a sentence."""
        return f"{self.resource.kind} {self.resource.name}: {self.difference.field}: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The changes in the order in which they are made, and how many things are as they should be.

    `left` differs and stays so; `notes` are what only a person can do.
    """

    changes: Sequence[Change]
    left: Sequence[Left]
    unchanged: int
    notes: Sequence[str]

    def require_possible(self) -> None:
        """Raises CannotChange where apply would have to change what nobody can."""
        if stuck := [sentence for change in self.changes for sentence in change.stuck]:
            raise CannotChange(stuck)


def make_plan(resources: Sequence[Resource], cloud: Cloud) -> Plan:
    """Compare everything with what is live. Raises Refused where that can't be read."""
    on = enabled(cloud)
    changes, left, notes = list[Change](), list[Left](), list[str]()
    unchanged = 0
    for resource in resources:
        live = cloud.persist(partial(resource.live, cloud)) if not resource.api or resource.api in on else None
        if live is None:
            changes += _making(resource)
            continue
        found = differences(live, resource.wanted)
        stays = _left(resource, found, live)
        differ = [each for each in found if each not in [one.difference for one in stays]]
        if differ:
            steps = resource.update(differ, live)
            changes.append(Change(resource=resource, is_new=False, differences=differ, steps=steps))
        left += stays
        unchanged += not found
        notes += resource.notes(cloud)
    return Plan(changes=changes, left=left, unchanged=unchanged, notes=notes)


def _making(resource: Resource) -> Iterator[Change]:
    if resource.create:  # else an account that should have no roles somewhere, and has none
        wanted = [Difference(field=name, live=None, wanted=value) for name, value in resource.wanted.items()]
        yield Change(resource=resource, is_new=True, differences=wanted, steps=resource.create)


def _left(resource: Resource, found: Sequence[Difference], live: Settings) -> Sequence[Left]:
    why = resource.left(live)
    return [Left(resource=resource, difference=each, why=why[each.field]) for each in found if each.field in why]
