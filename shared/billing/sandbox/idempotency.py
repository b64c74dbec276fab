"""Idempotency keys (docs.stripe.com/api/idempotent_requests): the first answer is kept and given again.

An answer is kept once execution has begun, here: once the request has written something. So a refused parameter or an
unknown id leaves the key free, and a declined card does not.
"""

from dataclasses import dataclass
from hashlib import sha256

from billing.sandbox.errors import ApiError
from billing.sandbox.state import Record, Resource, State

_KEPT = 86_400  # seconds of the sandbox's time
_LONGEST = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """What the first request got."""

    status: int
    body: str
    request_id: str


class IdempotencyKeys:
    """The keys of all accounts; each account has its own."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._in_flight: set[str] = set()

    def claim(self, account: str, key: str, *, request: str) -> KeptAnswer | None:
        """The kept answer, or None and the key is this request's until `release`.

        ApiError 409 while another request holds it, 400 where it was used with another request before.
        """
        if len(key) > _LONGEST:
            raise ApiError(f"Idempotency keys have up to {_LONGEST} characters.", kind="idempotency_error")
        name = _name(account, key)
        if name in self._in_flight:
            message = (
                "There is currently another in-progress request using this Idempotent Key (that probably means you "
                f"submitted twice, and the other request is still going through): {key}. Please try again later."
            )
            raise ApiError(message, status=409, reason="idempotency_key_in_use", kind="idempotency_error")
        kept = self._kept(name)
        if kept is None:
            self._in_flight.add(name)
            return None
        if kept["fingerprint"] != _fingerprint(request):
            message = (
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{key}' if you meant to execute a different request."
            )
            raise ApiError(message, kind="idempotency_error")
        return KeptAnswer(status=kept["status"], body=kept["body"], request_id=kept["request_id"])

    def keep(self, account: str, key: str, answer: KeptAnswer, *, request: str) -> None:
        """Give this answer from now on."""
        resource = {
            "id": _name(account, key),
            "object": "_idempotency",
            "created": self._state.clock.now,
            "fingerprint": _fingerprint(request),
            "status": answer.status,
            "body": answer.body,
            "request_id": answer.request_id,
        }
        self._state.add(Record(account, resource))

    def release(self, account: str, key: str) -> None:
        """The request is over."""
        self._in_flight.discard(_name(account, key))

    def _kept(self, name: str) -> Resource | None:
        record = self._state.get(name)
        if record and record.resource["created"] + _KEPT <= self._state.clock.now:
            self._state.remove(name)
            return None
        return record.resource if record else None


def _name(account: str, key: str) -> str:
    return f"idempotency:{account}:{key}"


def _fingerprint(request: str) -> str:
    return sha256(request.encode()).hexdigest()
