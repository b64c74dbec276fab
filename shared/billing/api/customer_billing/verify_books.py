"""The nightly verification of the running month and the one before: of the tenants of X-Tenant-ID, or of all."""

import re
from collections.abc import Sequence
from datetime import datetime

from billing.api.job import Members
from billing.api.job_request import InvalidFields, job_members
from billing.api.job_run import AllTenantsReport, RunFailed, TenantFailure
from billing.api.verify_job import Verified, VerifyScope
from billing.domain.errors import InvalidInput

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_FIELDS = ("period", "objects", "events")


def verify_scope(body: bytes) -> VerifyScope:
    """What a body asks for, whose `period` is the running month and the one before where it is left out.

    Raises MalformedRequest for a body that can't be read, InvalidFields for one that breaks a rule.
    """
    members = job_members(body)
    known = f"one of {', '.join(_FIELDS)}"
    flaws = [_flaw(name[:60], known, "an unknown field") for name in members if name not in _FIELDS]
    period = members.get("period")
    if period is not None and not (isinstance(period, str) and _MONTH.fullmatch(period)):
        flaws.append(_flaw("period", "a month such as 2026-02", period))
    switches = [name for name in ("objects", "events") if not isinstance(members.get(name, False), bool)]
    flaws += [_flaw(name, "true or false", members[name]) for name in switches]
    if flaws:
        raise InvalidFields(flaws)
    return VerifyScope(
        periods=None if period is None else (period,),
        objects=members.get("objects", False),
        events=members.get("events", False),
        recorded=False,
    )


def in_turn(tenant_ids: Sequence[str], *, now: datetime) -> list[str]:
    """The tenants, each day beginning with another one, so that all have their turn."""
    first = now.toordinal() % max(1, len(tenant_ids))
    return [*tenant_ids[first:], *tenant_ids[:first]]


def verified_answer(done: AllTenantsReport[Verified]) -> Members:
    """What the route answers: whose books do not agree, and how much of each kind."""
    with_findings = sorted((each for each in done.reports if each.kinds), key=lambda each: each.tenant_id)
    return {
        "tenants": done.tenants,
        "complete": done.complete,
        "findings": sum(each.findings for each in done.reports),
        "results": [
            {"tenantId": each.tenant_id, "findings": each.findings, "kinds": each.named_kinds} for each in with_findings
        ],
        "errors": [
            {"tenantId": each.tenant_id, "code": each.code, "message": each.message}
            for each in map(_as_it_was, done.failures)
        ],
    }


def _as_it_was(failure: TenantFailure) -> TenantFailure:
    """The failure by its own reason: that the run could not proceed is what all of them have in common."""
    error = failure.error
    return TenantFailure(tenant_id=failure.tenant_id, error=error.error if isinstance(error, RunFailed) else error)


def _flaw(name: str, expected: str, given: object) -> InvalidInput:
    return InvalidInput(
        name, expected=expected, given=given if isinstance(given, str | int | float | None) else "a list"
    )
