"""The nightly verification of the running month and the one before: of the tenants of X-Tenant-ID, or of all."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from billing.api.job import Members
from billing.api.job_request import InvalidFields, job_members
from billing.api.job_run import TenantFailure
from billing.domain.errors import InvalidInput
from billing.domain.finding import FindingKind
from billing.ports import Documents, Objects
from billing.store.ids import tenant_path
from billing.usecases.verify import VerifyRequest, verify

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_FIELDS = ("period", "objects", "events")


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyCall:
    """What is asked: the periods (yyyy-mm), and whether files are read and raw usage is added up again."""

    periods: Sequence[str]
    objects: bool
    events: bool


def verify_call(body: bytes, *, now: datetime) -> VerifyCall:
    """The call of a body, whose `period` is the running month and the one before where it is left out.

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
    month = now.replace(day=1)
    periods = (f"{month - timedelta(days=1):%Y-%m}", f"{month:%Y-%m}") if period is None else (period,)
    return VerifyCall(periods=periods, objects=members.get("objects", False), events=members.get("events", False))


@dataclass(slots=True, kw_only=True)
class VerifyRun:
    """Verifies tenant after tenant while there is time; one that can't be verified does not stop the others."""

    documents: Documents
    objects: Objects
    call: VerifyCall
    now: datetime
    seconds_left: Callable[[], float]
    verified: int = 0
    found: dict[str, Counter[FindingKind]] = field(default_factory=dict)
    failures: list[TenantFailure] = field(default_factory=list)

    @property
    def findings(self) -> int:
        """How much does not agree, all tenants together."""
        return sum(kinds.total() for kinds in self.found.values())

    def run(self, tenant_ids: Sequence[str]) -> Members:
        """Verify them, beginning each day with another one, so that all have their turn; the answer."""
        first = self.now.toordinal() % max(1, len(tenant_ids))
        for tenant_id in [*tenant_ids[first:], *tenant_ids[:first]]:
            if self.seconds_left() <= 0:
                break
            try:
                self._verify(tenant_id)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one, the others have their turn
                self.failures.append(TenantFailure(tenant_id=tenant_id, error=error))
        return {
            "tenants": len(tenant_ids),
            "complete": self.verified + len(self.failures) == len(tenant_ids),
            "findings": self.findings,
            "results": [
                {"tenantId": tenant_id, "findings": kinds.total(), "kinds": _by_name(kinds)}
                for tenant_id, kinds in sorted(self.found.items())
            ],
            "errors": [
                {"tenantId": each.tenant_id, "code": each.code, "message": each.message} for each in self.failures
            ],
        }

    def noted(self) -> Mapping[str, Any]:
        """What the line in the log says; the alert for books that do not agree stands on it."""
        bad = bool(self.findings or self.failures)
        severity = {"severity": "ERROR"} if bad else {}
        outcome = "failed" if self.failures and not self.verified else "partly_failed" if self.failures else "succeeded"
        return {"job": "verify", "outcome": outcome, "findings": self.findings, **severity}

    def _verify(self, tenant_id: str) -> None:
        tenant_path(tenant_id)
        asked = VerifyRequest(
            tenant_id=tenant_id,
            as_of=self.now,
            periods=tuple(self.call.periods),
            objects=self.call.objects,
            events=self.call.events,
        )
        kinds = verify(self.documents, self.objects, asked).findings.counts
        self.verified += 1
        if kinds:
            self.found[tenant_id] = kinds


def _by_name(kinds: Mapping[FindingKind, int]) -> dict[str, int]:
    return {kind.value: kinds[kind] for kind in sorted(kinds)}


def _flaw(name: str, expected: str, given: object) -> InvalidInput:
    return InvalidInput(
        name, expected=expected, given=given if isinstance(given, str | int | float | None) else "a list"
    )
