"""A scheduled job: what runs for one tenant, and how its report is counted and answered. The doors know no more."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from billing.ports import Documents, Objects, OperationCounts
from billing.ports.jobs import RunName

Members: TypeAlias = dict[str, Any]
"""Members of a JSON object, in their order."""


class JobEngine(Protocol):
    """The product with its outside parts connected; `operations` counts what this one engine asked of them."""

    @property
    def documents(self) -> Documents:
        """The document store."""
        ...

    @property
    def objects(self) -> Objects:
        """The object store."""
        ...

    @property
    def operations(self) -> OperationCounts:
        """What was asked of the stores so far."""
        ...


class JobReport(Protocol):
    """What a job did for one tenant. `complete` is False where it stopped early, or left something to another run.

    `sweep_from` is where the settlement of what is left goes on after it ran out of time.
    """

    tenant_id: str
    complete: bool
    sweep_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantWork:
    """The work for one tenant, as of a UTC instant. `run_id` is the same for every tenant of one call.

    `limit` is what is left of the call's; `out_of_time` tells the run to stop, and `now` when the call came. `shards`
    are those to work on, where others have tasks of their own; `fan_out` names what the work is a part of, and
    `sweep_from` is where the slice before it says that the settlement goes on.
    """

    tenant_id: str
    as_of: datetime
    now: datetime
    run_id: str
    actor: str
    request_id: str
    dry_run: bool
    limit: int | None
    out_of_time: Callable[[], bool]
    shards: tuple[int, ...] | None = None
    fan_out: str = ""
    sweep_from: str = ""


Engine = TypeVar("Engine", bound=JobEngine)
Engine_contra = TypeVar("Engine_contra", bound=JobEngine, contravariant=True)
Report = TypeVar("Report", bound=JobReport)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Generic[Engine_contra, Report]):
    """`name` is the function's, in the log. `run` does one tenant's work, and `made` counts what that took of a limit.

    An answer begins with `own`, what older clients read of one tenant, or `listed`, the same of several; `result` is a
    tenant's report. `tallies` is what a run's line in the log counts, `failures` among them; `again` says why one calls
    again after a run that stopped early. Unless it `looks_ahead`, only a dry run may be as of a time to come.

    Where shards are worked on by tasks, `left` names the invoices that a shard's run leaves to be settled, `settle`
    does so (None where a job leaves none), and `close` is what is done once, after all shards. `nothing` is the report
    of work that was not done, as its time has not come. A job that is not done `by_shard` leaves a tenant in shards to
    one task after the other. Of one that `must_finish`, a call that stopped early has failed in part: no later one goes
    on from there.
    """

    name: RunName
    run: Callable[[Engine_contra, TenantWork], Report]
    made: Callable[[Report], int]
    own: Callable[[Report], Members]
    listed: Callable[[Sequence[Report]], Members]
    result: Callable[[Report], Members]
    tallies: Callable[[Sequence[Report]], Mapping[str, int]]
    again: str
    looks_ahead: bool
    left: Callable[[Report], Sequence[str]]
    settle: Callable[[Engine_contra, TenantWork, Sequence[str]], Report] | None
    close: Callable[[Engine_contra, TenantWork], Report]
    nothing: Callable[[Engine_contra, TenantWork], Report]
    by_shard: bool = True
    must_finish: bool = False
