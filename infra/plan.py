"""The plan: what is declared and not there, or there and different."""

from collections.abc import Sequence
from dataclasses import dataclass

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
class Plan:
    """The changes in the order in which they are made, how much is as it should be, and what only a person can do."""

    changes: Sequence[Change]
    unchanged: int
    notes: Sequence[str]

    def require_possible(self) -> None:
        """Raises CannotChange where apply would have to change what nobody can."""
        if stuck := [sentence for change in self.changes for sentence in change.stuck]:
            raise CannotChange(stuck)


def make_plan(resources: Sequence[Resource], cloud: Cloud) -> Plan:
    """Compare everything with what is live. Raises Refused where that can't be read."""
    on = enabled(cloud)
    changes: list[Change] = []
    unchanged, notes = 0, list[str]()
    for resource in resources:
        live = resource.live(cloud) if not resource.api or resource.api in on else None
        change = _change(resource, live)
        if change is not None:
            changes.append(change)
        if live is not None:
            unchanged += change is None
            notes += resource.notes(cloud)
    return Plan(changes=changes, unchanged=unchanged, notes=notes)


def _change(resource: Resource, live: Settings | None) -> Change | None:
    if live is None:
        if not resource.create:  # an account that should have no roles somewhere, and has none
            return None
        wanted = [Difference(field=name, live=None, wanted=value) for name, value in resource.wanted.items()]
        return Change(resource=resource, is_new=True, differences=wanted, steps=resource.create)
    found = differences(live, resource.wanted)
    if not found:
        return None
    return Change(resource=resource, is_new=False, differences=found, steps=resource.update(found, live))
