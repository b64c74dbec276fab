"""What the body and the headers of a job's call ask for, taken strictly: a misspelt `dry_run` must never bill."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, NoReturn

from billing.api.problem import MalformedRequest
from billing.api.task_part import TaskPart, read_part
from billing.domain.errors import InvalidInput
from billing.store.ids import tenant_path

TENANT_HEADER = "X-Tenant-ID"

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
FURTHEST_AHEAD = timedelta(days=366)
"""A slip in the year would bill every customer up to 24 periods ahead."""

MOST = 1_000_000

_FIELDS = ("as_of", "dry_run", "limit", "fan_out", "job")
_TASK = "task"  # what we write ourselves
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(r"[0-9-]{10}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})")  # RFC 3339
_MOST_FLAWS = 20
_BAD_TENANT = f"{TENANT_HEADER}: expected {{}}"
_NOT_JSON = "the body is not valid JSON in UTF-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """What is asked: one tenant, or all where `tenant_id` is None.

    A day in `as_of` starts in each tenant's own zone; an instant is UTC; None is now. `limit` is the most invoices to
    make, or cases to work on, all tenants together. With `fan_out` the run is spread over tasks, of which each is asked
    to do a `part`.
    """

    tenant_id: str | None
    as_of: date | datetime | None = None
    dry_run: bool = False
    limit: int | None = None
    fan_out: bool = False
    part: TaskPart | None = None


class InvalidFields(InvalidInput):
    """Fields of the body break rules; `flaws` names each."""

    def __init__(self, flaws: Sequence[InvalidInput]) -> None:
        self.flaws = tuple(flaws)
        first = self.flaws[0]
        super().__init__(first.field, expected=first.expected, given=first.given)


def read_job(tenant: str | None, body: bytes, *, now: datetime, job: str) -> JobRequest:
    """The request from the X-Tenant-ID header's value (None: it was not sent) and the body, which may be empty.

    A body may name the `job` that it is meant for: then no other takes it for its own.

    Raises MalformedRequest for a tenant id or a body that can't be read, InvalidFields for one that breaks a rule.
    """
    tenant_id = None if tenant is None else _tenant_id(tenant)
    fields = job_members(body)
    flaws: list[InvalidInput] = [_unknown(name) for name in fields if name not in (*_FIELDS, _TASK)]
    as_of = _taken(fields, "as_of", flaws, read=partial(_as_of, now=now))
    dry_run = _taken(fields, "dry_run", flaws, read=partial(_flag, name="dry_run"))
    limit = _taken(fields, "limit", flaws, read=_limit)
    fan_out = _taken(fields, "fan_out", flaws, read=partial(_flag, name="fan_out"))
    part = _taken(fields, _TASK, flaws, read=read_part)
    _taken(fields, "job", flaws, read=partial(_check_job, job=job))
    if (fan_out or part) and (dry_run or limit is not None):
        flaws.append(_flaw("fan_out", expected="neither dry_run nor limit beside it, as tasks share none", given=True))
    if flaws:
        raise InvalidFields(flaws[:_MOST_FLAWS])
    return JobRequest(
        tenant_id=tenant_id, as_of=as_of, dry_run=bool(dry_run), limit=limit, fan_out=bool(fan_out), part=part
    )


def _tenant_id(value: str) -> str:
    try:
        tenant_path(value)
    except InvalidInput as error:
        raise MalformedRequest(_BAD_TENANT.format(error.expected)) from error
    return value


def job_members(body: bytes) -> Mapping[str, Any]:
    """The body's members, none of an empty one. A value that is no object, or no plain JSON, is a flaw of the body.

    Raises MalformedRequest and InvalidFields.
    """
    if not body.strip(b" \t\r\n"):
        return {}
    try:
        value = json.loads(body.decode(), object_pairs_hook=_members, parse_constant=_refuse_constant)
    except RecursionError:
        raise InvalidFields([_flaw("body", expected="at most a few levels", given="a deeply nested value")]) from None
    except ValueError as error:  # no UTF-8, no JSON, a number of thousands of digits
        raise MalformedRequest(_NOT_JSON) from error
    if not isinstance(value, dict):
        raise InvalidFields([_flaw("body", expected="a JSON object", given=value)])
    return value


def _members(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise InvalidFields([_flaw(name, expected="to be given once", given="it twice")])
        members[name] = value
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidFields([_flaw("body", expected="finite numbers", given=name)])


def _taken(fields: Mapping[str, Any], name: str, flaws: list[InvalidInput], *, read: Any) -> Any:  # noqa: ANN401
    """A field read, None where it is absent; what breaks a rule goes on the list."""
    if name not in fields:
        return None
    try:
        return read(fields[name])
    except InvalidInput as flaw:
        flaws.append(flaw)
        return None


def _as_of(value: object, *, now: datetime) -> date | datetime:
    latest = now + FURTHEST_AHEAD
    expected = (
        f"a day such as 2026-03-01, or an instant with its offset such as 2026-03-01T00:00:00Z, "
        f"from {EARLIEST:%Y-%m-%d} to {latest:%Y-%m-%d}"
    )
    read = _day_or_instant(value)
    if read is None:
        raise _flaw("as_of", expected=expected, given=value)
    if not EARLIEST.date() <= (read.date() if isinstance(read, datetime) else read) <= latest.date():
        raise _flaw("as_of", expected=expected, given=value)
    return read


def _day_or_instant(value: object) -> date | datetime | None:
    if not isinstance(value, str):
        return None
    try:
        if _DAY.fullmatch(value):
            return date.fromisoformat(value)
        if _INSTANT.fullmatch(value):
            return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):  # 31 February; an offset that leads out of the calendar
        return None
    return None


def _flag(value: object, *, name: str) -> bool:
    if isinstance(value, bool):
        return value
    raise _flaw(name, expected="true or false", given=value)


def _check_job(value: object, *, job: str) -> None:
    if value != job:
        raise _flaw("job", expected=f"{job}, which is the one at this address", given=value)


def _limit(value: object) -> int:
    if type(value) is int and 1 <= value <= MOST:  # a bool is an int to isinstance
        return value
    raise _flaw("limit", expected=f"a whole number from 1 to {MOST}", given=value)


def _unknown(name: str) -> InvalidInput:
    return _flaw(name[:60], expected=f"one of {', '.join(_FIELDS)}", given="an unknown field")


def _flaw(field: str, *, expected: str, given: object) -> InvalidInput:
    """What is nested is named by its kind: to show it could recurse too deep."""
    match given:
        case dict():
            return InvalidInput(field, expected=expected, given="an object")
        case list():
            return InvalidInput(field, expected=expected, given="an array")
        case _:
            return InvalidInput(field, expected=expected, given=given)
