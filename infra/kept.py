"""A thing that one of Google's client libraries keeps: how it is read, made, changed and deleted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask

from infra.cloud import Cloud, refusals
from infra.errors import NotThere
from infra.resource import Allowed, Call, Difference, Settings, Step

STATE = "state"
"""The setting that no mask changes: what does not run is resumed."""


def left_paused(live: Settings, allowed: Allowed) -> Mapping[str, str]:
    """Somebody paused it, such as for a restore, and means it to rest until they say otherwise."""
    paused = live[STATE] == "PAUSED" and not allowed.resume
    return {STATE: "somebody paused it, and it stays so; --resume lets it go on"} if paused else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Such as the `job` NAME of Cloud Scheduler; `noun` is also what the library's methods and fields call it.

    `wanted` is the library's own message. `masks` are settings that the library changes under another name.
    """

    service: str
    noun: str
    name: str
    client: Callable[[Cloud], Any]
    wanted: Any
    masks: Mapping[str, str] = field(default_factory=dict)

    def read(self, cloud: Cloud) -> Any:  # noqa: ANN401 - the library's message
        """What is live, or None."""
        try:
            return self._do(cloud, "read", "get", {"name": self.name})
        except NotThere:
            return None

    def create(self, **more: str) -> Call:
        """Make it, with what the request says besides."""
        request = {"parent": self.name.rpartition(f"/{self.noun}s/")[0], self.noun: self.wanted, **more}
        return self.step("create", "create", request)

    def update(self, differences: Sequence[Difference], _live: Settings) -> Sequence[Step]:
        """Set what differs and nothing else, and resume it where it should run."""
        fields = [self.masks.get(each.field, each.field) for each in differences if each.field != STATE]
        request = {self.noun: self.wanted, "update_mask": FieldMask(paths=fields)}
        steps = [self.step(f"set {', '.join(fields)} of", "update", request)] if fields else []
        if len(fields) < len(differences):
            steps.append(self.step("resume", "resume", {"name": self.name}))
        return steps

    def delete(self, *, also: str) -> Step:
        """Delete it, with what goes with it in words."""
        return self.step("delete", "delete", {"name": self.name}, also=also)

    def step(self, verb: str, method: str, request: Mapping[str, Any], *, also: str = "") -> Call:
        """A call of `method`_NOUN, said as a sentence."""
        says = f"{self.service}: {verb} the {self.noun} {self.name}{also}"
        return Call(says, lambda cloud: self._do(cloud, verb, method, request))

    def _do(self, cloud: Cloud, verb: str, method: str, request: Mapping[str, Any]) -> Any:  # noqa: ANN401 - its answer
        asked = f"{self.service}: {verb} the {self.noun} {self.name}"
        with refusals(self.service, asked, project=cloud.project):
            return getattr(self.client(cloud), f"{method}_{self.noun}")(request=request)
