"""What a declared thing is to the plan: its settings as they should be, and how they are read and made so."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from infra.cloud import Cloud

Settings: TypeAlias = Mapping[str, object]
"""Dotted names and JSON values; a name whose value is None is not set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A setting that is not as it should be; None is one that is not there."""

    field: str
    live: object
    wanted: object


@dataclass(frozen=True, slots=True)
class Late:
    """An argument that is known only once other things are made, and what a plan shows in its place."""

    shown: str
    value: "Callable[[Cloud], str]"


@dataclass(frozen=True, slots=True)
class Command:
    """A gcloud command, without its project; `file` is the name and content of a file that it reads."""

    args: tuple[str | Late, ...]
    file: tuple[str, str] | None = None

    def shown(self, project: str) -> str:
        """What a person would type for it."""
        words = (each.shown if isinstance(each, Late) else shlex.quote(each) for each in self.args)
        line = f"gcloud {' '.join(words)} --project={project}"
        return f"cat >{self.file[0]} <<'END'\n{self.file[1]}\nEND\n{line}" if self.file else line

    def run(self, cloud: "Cloud") -> None:
        """Do it. Raises Refused."""
        cloud.gcloud.run([each.value(cloud) if isinstance(each, Late) else each for each in self.args], file=self.file)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a Google client library, and its sentence."""

    says: str
    do: "Callable[[Cloud], object]"

    def shown(self, project: str) -> str:  # noqa: ARG002 - as a command's
        """The sentence."""
        return self.says

    def run(self, cloud: "Cloud") -> None:
        """Do it. Raises Refused."""
        self.do(cloud)


Step: TypeAlias = Command | Call


def gcloud(*args: str | Late, file: tuple[str, str] | None = None) -> Command:
    """A command by its words."""
    return Command(args, file)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One declared thing. `api` has to be on before it can be there.

    `live` reads its settings, None where it is not there. `update` gets what differs and all that is live. `left` says
    of what is live which settings stay although they differ, each with its reason. `fixed` are settings that nobody can
    change in place, each with what to do instead. `delete` gets what is live and has no steps where `destroy` leaves
    it, for the reason in `kept`; it may be refused for that reason too. `notes` are what only a person can do.
    """

    kind: str
    name: str
    api: str
    wanted: Settings
    live: "Callable[[Cloud], Settings | None]"
    create: Sequence[Step]
    update: Callable[[Sequence[Difference], Settings], Sequence[Step]]
    delete: Callable[[Settings], Sequence[Step]] = lambda _live: ()
    kept: str = ""
    left: Callable[[Settings], Mapping[str, str]] = lambda _live: {}
    fixed: Mapping[str, str] = field(default_factory=dict)
    notes: "Callable[[Cloud], Sequence[str]]" = lambda _cloud: ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What a plan does only when it is asked for: resume what somebody paused, keep for less long than is kept now.

    And to `shrink` what queries are answered by: the code that serves may be of another version than the plan.
    """

    resume: bool = False
    shorten: bool = False
    shrink: bool = False


UNASKED = Allowed()


def always(*steps: Step) -> Callable[..., Sequence[Step]]:
    """An update or a deletion that is the same whatever is live."""
    return lambda *_live: steps


def differences(live: Settings, wanted: Settings) -> list[Difference]:
    """What differs, by name; settings that are not declared are nobody's business."""
    return [
        Difference(field=name, live=live.get(name), wanted=value)
        for name, value in wanted.items()
        if live.get(name) != value
    ]


def pick(live: object, wanted: object) -> object:
    """Of a JSON value what a declared one speaks of: services add defaults and names of their own."""
    if isinstance(live, Mapping) and isinstance(wanted, Mapping):
        return {name: pick(live.get(name), value) for name, value in wanted.items()}
    if isinstance(live, list) and isinstance(wanted, list) and len(live) == len(wanted):
        return [pick(one, other) for one, other in zip(live, wanted, strict=True)]
    return live
