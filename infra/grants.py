"""The roles of an account in one place: what is missing is given, what is too much is taken away.

A role under a condition (https://cloud.google.com/iam/docs/conditions-overview) is another one than the role itself:
written as `ROLE if CONDITION`, the condition as the JSON object that IAM has for it.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from infra.cloud import Cloud, refusals
from infra.errors import NotThere
from infra.resource import Call, Difference, Resource, Settings, Step, gcloud

Change: TypeAlias = Callable[[str, str], Step]
"""The step that gives a role to a member, or takes it."""

_IF = " if "
_CONDITION = ("expression", "title", "description")
_POLICY_VERSION = 3
"""The one that has conditions; of an older one they are left out, and are lost when it is written back."""


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

    def update(_differences: Sequence[Difference], live: Settings) -> Iterator[Step]:
        has = _roles(live)
        yield from (place.give(role, member) for role in roles if role not in has)
        yield from (place.take(role, member) for role in has if role not in roles)

    return Resource(
        kind="roles",
        name=f"{account} on {place.name}",
        api=place.api,
        wanted={"roles": sorted(roles)},
        live=live,
        create=tuple(place.give(role, member) for role in roles),
        update=lambda differences, live: tuple(update(differences, live)),
        delete=lambda live: tuple(place.take(role, member) for role in _roles(live)),
    )


def _roles(live: Settings) -> list[str]:
    found = live["roles"]
    return found if isinstance(found, list) else []


def named(role: str, condition: Mapping[str, str]) -> str:
    """How a role under a condition, or none, is written."""
    said = {name: condition[name] for name in _CONDITION if condition.get(name)}
    return f"{role}{_IF}{json.dumps(said)}" if said else role


def by_gcloud(name: str, *, api: str, group: Sequence[str], target: str) -> Place:
    """A place whose policy gcloud changes: `gcloud GROUP add-iam-policy-binding TARGET`."""

    def roles(cloud: Cloud, member: str) -> list[str]:
        policy = cloud.gcloud.read(*group, "get-iam-policy", target) or {}
        bindings = [each for each in policy.get("bindings", []) if member in each["members"]]
        return [named(each["role"], each.get("condition") or {}) for each in bindings]

    def change(verb: str, role_if: str, member: str) -> Step:
        role, _, condition = role_if.partition(_IF)
        words = [*group, f"{verb}-iam-policy-binding", target, f"--member={member}", f"--role={role}"]
        if condition:
            return gcloud(*words, "--condition-from-file=condition.json", file=("condition.json", condition))
        return gcloud(*words, "--condition=None")  # gcloud asks which where the policy has one for anybody

    return Place(name=name, api=api, roles=roles, give=partial(change, "add"), take=partial(change, "remove"))


def by_library(name: str, *, service: str, api: str, client: Callable[[Cloud], Any], resource: str) -> Place:
    """A place whose policy a client library reads and writes whole: a queue, a secret."""

    def policy(cloud: Cloud) -> Any:  # noqa: ANN401 - the library's
        request = {"resource": resource, "options": {"requested_policy_version": _POLICY_VERSION}}
        with refusals(service, f"{service}: who may use {name}", project=cloud.project):
            return client(cloud).get_iam_policy(request=request)

    def roles(cloud: Cloud, member: str) -> list[str]:
        try:
            return [_name_of(each) for each in policy(cloud).bindings if member in each.members]
        except NotThere:
            return []

    def write(cloud: Cloud, *, role_if: str, member: str, has: bool) -> None:
        changed = _changed(policy(cloud), role_if=role_if, member=member, has=has)
        with refusals(service, f"{service}: roles on {name}", project=cloud.project):
            client(cloud).set_iam_policy(request={"resource": resource, "policy": changed})

    def give(role: str, member: str) -> Step:
        says = f"{service}: give {role} on {name} to {member}"
        return Call(says, partial(write, role_if=role, member=member, has=True))

    def take(role: str, member: str) -> Step:
        says = f"{service}: take {role} on {name} from {member}"
        return Call(says, partial(write, role_if=role, member=member, has=False))

    return Place(name=name, api=api, roles=roles, give=give, take=take)


def _name_of(binding: Any) -> str:  # noqa: ANN401 - the library's
    return named(binding.role, {name: getattr(binding.condition, name) for name in _CONDITION})


def _changed(policy: Any, *, role_if: str, member: str, has: bool) -> Any:  # noqa: ANN401 - the library's
    """The policy with the role given or taken; its etag keeps two at once from undoing each other."""
    binding = next((each for each in policy.bindings if _name_of(each) == role_if), None)
    if has:
        binding = binding or policy.bindings.add(role=role_if)  # only roles without a condition are given
        binding.members.extend({member} - {*binding.members})
    elif binding is not None and member in binding.members:
        binding.members.remove(member)
    policy.version = _POLICY_VERSION
    return policy
