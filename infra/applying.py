"""Make it so, or take it away: step by step, each said before it is done; a run that stopped is simply run again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from infra.apis import enabled
from infra.cloud import Cloud
from infra.errors import Halted, InfraError, NotAllowed, NotThere, Refused
from infra.plan import Plan
from infra.resource import Resource, Step

Say = Callable[[str, Step], None]
"""Told of each step before it is done: whose it is, and the step."""


def apply(plan: Plan, cloud: Cloud, *, say: Say) -> int:
    """Do every step of the plan, and say how many there were. Raises CannotChange before the first, and Halted."""
    plan.require_possible()
    steps = [
        (f"{'+' if change.is_new else '~'} {change.title}", step) for change in plan.changes for step in change.steps
    ]
    for done, (title, step) in enumerate(steps):
        say(title, step)
        try:
            cloud.persist(partial(step.run, cloud))
        except InfraError as error:
            raise Halted(title, done=done, of=len(steps), error=error) from error
    return len(steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doomed:
    """What destroy finds: what it deletes, last made first, and what it leaves."""

    deleted: Sequence[tuple[Resource, Sequence[Step]]]
    kept: Sequence[Resource]


def doomed(resources: Sequence[Resource], cloud: Cloud) -> Doomed:
    """Sort what is live into what can be deleted and what never is."""
    on = enabled(cloud)
    reachable = [each for each in resources if not each.api or each.api in on]
    there = [
        (each, each.delete(live))
        for each in reachable
        if (live := cloud.persist(partial(each.live, cloud))) is not None
    ]
    return Doomed(
        deleted=[(each, steps) for each, steps in reversed(there) if steps],
        kept=[each for each, steps in there if not steps],
    )


def destroy(found: Doomed, cloud: Cloud, *, say: Say) -> Sequence[str]:
    """Delete it, and say what was left after all and why. Raises Halted."""
    left: list[str] = []
    for done, (resource, steps) in enumerate(found.deleted):
        title = f"- {resource.kind} {resource.name}"
        try:
            for step in steps:
                say(title, step)
                cloud.persist(partial(step.run, cloud))
        except NotThere:
            continue
        except Refused as error:
            if isinstance(error, NotAllowed) or not resource.kept:
                raise Halted(title, done=done, of=len(found.deleted), error=error) from error
            left.append(f"{resource.kind} {resource.name}: {resource.kept} ({error.said})")
    return left
