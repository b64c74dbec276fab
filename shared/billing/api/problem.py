"""Every failure at a door, told as problem details (RFC 9457), with nothing in it that only we should know.

BillingError
├── MalformedRequest   400  the request cannot be read: no JSON, a header missing
├── Unauthenticated    401  a credential is missing or invalid; it never says why
├── Forbidden          403  the caller is known and may not do this
├── MethodNotAllowed   405  with Allow
├── PreconditionFailed 412  (a Conflict)
├── BodyTooLarge       413
├── UnsupportedMedia   415  with Accept
├── InvalidRequest     422  fields that break rules
├── TooManyRequests    429  with Retry-After
└── (the tree of billing.domain.errors: NotFound 404, Conflict 409, InvalidInput 422, Unavailable 503)
"""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import ClassVar, NamedTuple

from billing.domain.errors import BillingError, Conflict, InvalidInput, NotFound, Unavailable
from billing.ports import BadSignature, UnusableEventSecret, WriteConflict

RETRY_AFTER_SECONDS = 30
_PHRASES = {413: "Content Too Large", 422: "Unprocessable Content"}  # older releases of Python have older ones


class Answer(NamedTuple):
    """An HTTP answer in the order in which Flask takes it as it is."""

    body: bytes
    status: int
    headers: dict[str, str]


class MalformedRequest(BillingError):
    """The request cannot be read at all."""

    code: ClassVar[str] = "malformed_request"


class Unauthenticated(BillingError):
    """A credential is missing or invalid. `reason` is for our log alone: told to a stranger, it would help him."""

    code: ClassVar[str] = "unauthenticated"

    def __init__(self, credential: str, *, reason: str) -> None:
        self.credential = credential
        self.reason = reason
        super().__init__(f"{credential} is missing or invalid")


class Forbidden(BillingError):
    """The caller has proved who it is and may not do this. `reason` is for our log alone."""

    code: ClassVar[str] = "forbidden"

    def __init__(self, *, reason: str) -> None:
        self.reason = reason
        super().__init__("this caller may not do this")


class MethodNotAllowed(BillingError):
    """The path exists, the method does not. `allowed` goes into the Allow header."""

    code: ClassVar[str] = "method_not_allowed"

    def __init__(self, method: str, *, allowed: Sequence[str]) -> None:
        self.allowed = tuple(allowed)
        super().__init__(f"{method} is not allowed here, only {', '.join(self.allowed)}")


class BodyTooLarge(BillingError):
    """The body is longer than `limit` bytes."""

    code: ClassVar[str] = "body_too_large"

    def __init__(self, *, limit: int) -> None:
        self.limit = limit
        super().__init__(f"the body is longer than {limit} bytes")


class UnsupportedMedia(BillingError):
    """The body is in a form or a coding that is not read here.

    `accepted` goes into the header Accept, or Accept-Encoding for a coding (RFC 9110 15.5.16).
    """

    code: ClassVar[str] = "unsupported_media_type"

    def __init__(self, given: str, *, accepted: str, header: str = "Content-Type") -> None:
        self.told = {"Accept-Encoding" if header == "Content-Encoding" else "Accept": accepted}
        super().__init__(f"{header}: expected {accepted}, got {given[:80] or 'none'}")


class InvalidRequest(BillingError):
    """Fields of a request break rules; `errors` names each with `field` (`lines[0].quantity`) and `detail`."""

    code: ClassVar[str] = "invalid_input"

    def __init__(self, errors: Sequence[Mapping[str, str]]) -> None:
        self.errors = tuple(errors)
        more = f", and {len(self.errors) - 1} more" if len(self.errors) > 1 else ""
        super().__init__(f"{self.errors[0]['detail']}{more}")


class PreconditionFailed(Conflict):
    """What is stored is not the version that If-Match names, or one that If-None-Match does."""

    code: ClassVar[str] = "precondition_failed"
    retryable: ClassVar[bool] = False

    def __init__(
        self, message: str = "it was changed since it was read: read it again, and send the new ETag in If-Match"
    ) -> None:
        super().__init__(message)


class TooManyRequests(BillingError):
    """More calls than the limit allows. `whose` they are, and after how many seconds the next one is let in."""

    code: ClassVar[str] = "too_many_requests"
    retryable: ClassVar[bool] = True

    def __init__(self, whose: str, *, retry_after: int) -> None:
        self.whose = whose
        self.retry_after = retry_after
        super().__init__(f"too many requests of this {whose}; try again in {retry_after} s")


def phrase_of(status: int) -> str:
    """The status' own phrase by RFC 9110 15, whichever release of Python says it."""
    return _PHRASES.get(status, HTTPStatus(status).phrase)


def problem(
    status: int,
    *,
    code: str,
    detail: str,
    title: str | None = None,
    errors: Sequence[Mapping[str, str]] | None = None,
    request_id: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One problem as an answer.

    `detail` is a sentence for a person and stands in `error` as well; `code` is for machines; the title is the
    status's own phrase, as RFC 9457 4.2.1 asks of a problem without a type.
    """
    members: dict[str, object] = {
        "type": "about:blank",
        "title": title or phrase_of(status),
        "status": status,
        "detail": detail,
        "error": detail,
        "code": code,
    }
    if errors is not None:
        members["errors"] = [dict(error) for error in errors]
    if request_id is not None:
        members["request_id"] = request_id
    own = {"Content-Type": "application/problem+json", "Cache-Control": "no-store"}
    return Answer(json.dumps(members).encode(), status, own | dict(headers or {}))


def problem_of(error: Exception, *, request_id: str | None = None) -> Answer:
    """The answer to any exception: ours with their sentence, all others as a 500 without a word of theirs."""
    status = status_of(type(error))
    code = error.code if isinstance(error, BillingError) else "internal_error"
    errors: Sequence[Mapping[str, str]] | None = error.errors if isinstance(error, InvalidRequest) else None
    if isinstance(error, InvalidInput):
        errors = [{"field": error.field, "detail": str(error)}]
    return problem(
        status,
        code=code,
        detail=_detail(error, status=status),
        errors=errors,
        request_id=request_id,
        headers=_headers(error),
    )


_STATUSES: tuple[tuple[type[BillingError], int], ...] = (
    (MalformedRequest, 400),
    (BadSignature, 400),
    (Unauthenticated, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (MethodNotAllowed, 405),
    (PreconditionFailed, 412),
    (Conflict, 409),
    (UnusableEventSecret, 409),  # whoever runs the service has to set it
    (BodyTooLarge, 413),
    (UnsupportedMedia, 415),
    (InvalidRequest, 422),
    (InvalidInput, 422),
    (TooManyRequests, 429),
    (Unavailable, 503),
)


def status_of(kind: type[Exception]) -> int:
    """The status that errors of a kind are told with; 500 for all that are not meant for a caller."""
    return next((status for each, status in _STATUSES if issubclass(kind, each)), 500)


def _detail(error: Exception, *, status: int) -> str:
    match status:
        case 500:
            return "something went wrong on our side; the log of this request says what"
        case 503:  # the error's own sentence names hosts and projects
            return "a part that this service needs did not answer; the same request may succeed later"
        case 409 if isinstance(error, WriteConflict):  # its own sentence says where we keep things
            return "somebody changed the same at the same moment, so nothing was written: read it again and repeat"
        case _:
            return str(error)


def _headers(error: Exception) -> dict[str, str]:
    match error:
        case Unauthenticated():
            return {"WWW-Authenticate": 'Bearer realm="billing"'}
        case MethodNotAllowed():
            return {"Allow": ", ".join(error.allowed)}
        case UnsupportedMedia():
            return error.told
        case TooManyRequests():
            return {"Retry-After": str(error.retry_after)}
        case Unavailable():
            return {"Retry-After": str(RETRY_AFTER_SECONDS)}
        case _:
            return {}
