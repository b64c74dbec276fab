"""Both daily steps for one tenant, a list of them or all: what the cron route does."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from billing.api.job import Members
from billing.api.job_request import InvalidFields, job_members, read_job
from billing.api.job_run import TenantFailure
from billing.domain.errors import BillingError, InvalidInput, NotFound
from billing.ports.jobs import JobCall, JobName, Jobs
from billing.store.ids import tenant_path

_STEPS: tuple[JobName, ...] = ("generate_invoices", "run_dunning")
_PASSED_ON = ("as_of", "dry_run")
_MOST_TENANTS = 1_000


class NotReached(BillingError):
    """The time was up before a tenant had its turn."""

    code: ClassVar[str] = "not_reached"
    retryable: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__("the time was up before this tenant's turn: call again")


@dataclass(frozen=True, slots=True, kw_only=True)
class CronCall:
    """What is asked: these tenants, or all where they are None; `body` is what each step is asked besides."""

    tenant_ids: Sequence[str] | None
    body: bytes


@dataclass(slots=True, kw_only=True)
class CronRun:
    """Runs the steps, tenant after tenant, and counts; one that fails stops neither the other step nor the others."""

    jobs: Jobs
    actor: str
    request_id: str
    seconds_left: Callable[[], float]
    invoices: int = 0
    dunned: int = 0
    complete: bool = True
    failures: list[TenantFailure] = field(default_factory=list)

    def run(self, tenant_ids: Sequence[str], body: bytes) -> Members:
        """Both steps for each tenant, in their order; the answer."""
        for tenant_id in tenant_ids:
            for step in _STEPS:
                if not self._step(step, tenant_id, body):
                    break
        return {
            "tenants": len(tenant_ids),
            "invoicesGenerated": self.invoices,
            "dunningProcessed": self.dunned,
            "complete": self.complete,
            "errors": [
                {"tenantId": each.tenant_id, "code": each.code, "message": each.message} for each in self.failures
            ],
        }

    def _step(self, step: JobName, tenant_id: str, body: bytes) -> bool:
        """Whether the tenant's next step is worth a try."""
        try:
            told = self._call(step, tenant_id, body)
        except NotFound as error:
            self._failed(tenant_id, error)
            return False
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one, the others have their turn
            self._failed(tenant_id, error)
            return True
        self.invoices += told.get("generated", 0)
        self.dunned += told.get("processed", 0)
        self.complete = self.complete and told.get("complete", True)
        return True

    def _call(self, step: JobName, tenant_id: str, body: bytes) -> Mapping[str, Any]:
        seconds = self.seconds_left()
        if seconds <= 0:
            self.complete = False
            raise NotReached
        tenant_path(tenant_id)
        asked = JobCall(
            job=step, tenant_id=tenant_id, body=body, actor=self.actor, request_id=self.request_id, seconds=seconds
        )
        told: Mapping[str, Any] = json.loads(self.jobs.call(asked))
        return told

    def _failed(self, tenant_id: str, error: Exception) -> None:
        failure = TenantFailure(tenant_id=tenant_id, error=error)
        if not any(each.tenant_id == tenant_id and each.message == failure.message for each in self.failures):
            self.failures.append(failure)


def cron_call(named: Sequence[str], body: bytes, *, now: datetime) -> CronCall:
    """The call for the tenants that X-Tenant-ID names, else for those of `tenantIds` in the body, else for all.

    Raises MalformedRequest for a body that can't be read, InvalidFields for one that breaks a rule of the call or of
    the steps, as of `now`: it would fail for each tenant.
    """
    members = job_members(body)
    unknown = [name for name in members if name not in ("tenantIds", *_PASSED_ON)]
    if unknown:
        expected = "one of tenantIds, as_of, dry_run"
        raise InvalidFields([InvalidInput(unknown[0][:60], expected=expected, given="an unknown field")])
    given = _tenant_ids(members["tenantIds"]) if members.get("tenantIds") is not None else None
    if named and given is not None:
        expected = "to be left out, as X-Tenant-ID names tenants"
        raise InvalidFields([InvalidInput("tenantIds", expected=expected, given=given)])
    ids = named or given
    return CronCall(tenant_ids=ids, body=_passed_on(members, now=now))


def _passed_on(members: Mapping[str, Any], *, now: datetime) -> bytes:
    """What each step is asked, once it is known to be something that a step takes."""
    asked = {name: members[name] for name in _PASSED_ON if name in members}
    for name, value in asked.items():
        if isinstance(value, list | dict):
            raise InvalidFields([InvalidInput(name, expected="one value", given=type(value).__name__)])
    body = json.dumps(asked).encode()
    read_job(None, body, now=now, job="")  # the body that each step gets names none
    return body


def _tenant_ids(given: object) -> list[str]:
    match given:
        case list() if given and len(given) <= _MOST_TENANTS and all(map(_is_text, given)):
            return list(dict.fromkeys(given))
        case _:
            shown = "a list" if isinstance(given, list) else type(given).__name__
            expected = f"a list of 1 to {_MOST_TENANTS} tenants' ids"
            raise InvalidFields([InvalidInput("tenantIds", expected=expected, given=shown)])


def _is_text(given: object) -> bool:
    """Whether it is text, and no half of a character, which no answer could say."""
    return isinstance(given, str) and given.isprintable()
