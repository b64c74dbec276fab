"""The roles of an account in one place: what is missing is given, what is too much is taken away."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from infra.cloud import Cloud, refusals
from infra.errors import NotThere
from infra.resource import Call, Difference, Resource, Settings, Step, gcloud

Change: TypeAlias = Callable[[str, str], Step]
"""The step that gives a role to a member, or takes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where roles are given: its name for people, its API, who has which, and how that is changed."""

    name: str
    api: str
    roles: Callable[[Cloud, str], list[str]]
    give: Change
    take: Change


def grant(account: str, *, email: str, place: Place, roles: Sequence[str]) -> Resource:
    """The roles of an account in a place, these and no others."""
    member = f"serviceAccount:{email}"

    def live(cloud: Cloud) -> Settings | None:
        found = sorted(place.roles(cloud, member))
        return {"roles": found} if found else None

    def update(differences: Sequence[Difference]) -> Iterator[Step]:
        for each in differences:
            has = each.live if isinstance(each.live, list) else []
            yield from (place.give(role, member) for role in roles if role not in has)
            yield from (place.take(role, member) for role in has if role not in roles)

    return Resource(
        kind="roles",
        name=f"{account} on {place.name}",
        api=place.api,
        wanted={"roles": sorted(roles)},
        live=live,
        create=tuple(place.give(role, member) for role in roles),
        update=lambda differences: tuple(update(differences)),
        delete=tuple(place.take(role, member) for role in roles),
    )


def by_gcloud(name: str, *, api: str, group: Sequence[str], target: str, conditions: bool = False) -> Place:
    """A place whose policy gcloud changes: `gcloud GROUP add-iam-policy-binding TARGET`."""

    def roles(cloud: Cloud, member: str) -> list[str]:
        policy = cloud.gcloud.read(*group, "get-iam-policy", target) or {}
        return [each["role"] for each in policy.get("bindings", []) if member in each["members"]]

    def change(verb: str, role: str, member: str) -> Step:
        unconditional = ["--condition=None"] if conditions else []
        words = [*group, f"{verb}-iam-policy-binding", target, f"--member={member}", f"--role={role}"]
        return gcloud(*words, *unconditional)

    return Place(name=name, api=api, roles=roles, give=partial(change, "add"), take=partial(change, "remove"))


def by_library(name: str, *, service: str, api: str, client: Callable[[Cloud], Any], resource: str) -> Place:
    """A place whose policy a client library reads and writes whole: a queue, a secret."""

    def policy(cloud: Cloud) -> Any:  # noqa: ANN401 - the library's
        with refusals(service, f"{service}: who may use {name}", project=cloud.project):
            return client(cloud).get_iam_policy(request={"resource": resource})

    def roles(cloud: Cloud, member: str) -> list[str]:
        try:
            return [each.role for each in policy(cloud).bindings if member in each.members]
        except NotThere:
            return []

    def write(cloud: Cloud, *, role: str, member: str, has: bool) -> None:
        changed = _changed(policy(cloud), role=role, member=member, has=has)
        with refusals(service, f"{service}: roles on {name}", project=cloud.project):
            client(cloud).set_iam_policy(request={"resource": resource, "policy": changed})

    def give(role: str, member: str) -> Step:
        return Call(f"{service}: give {role} on {name} to {member}", partial(write, role=role, member=member, has=True))

    def take(role: str, member: str) -> Step:
        says = f"{service}: take {role} on {name} from {member}"
        return Call(says, partial(write, role=role, member=member, has=False))

    return Place(name=name, api=api, roles=roles, give=give, take=take)


def _changed(policy: Any, *, role: str, member: str, has: bool) -> Any:  # noqa: ANN401 - the library's
    """The policy with the role given or taken; its etag keeps two at once from undoing each other."""
    binding = next((each for each in policy.bindings if each.role == role), None)
    if binding is None:
        binding = policy.bindings.add(role=role)
    if has and member not in binding.members:
        binding.members.append(member)
    if not has and member in binding.members:
        binding.members.remove(member)
    return policy
