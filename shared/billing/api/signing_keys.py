"""The public keys of an issuer of identity tokens: fetched, kept as long as it says, and fetched anew for a new one."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING, ClassVar, Protocol

from billing.domain.errors import Unavailable

if TYPE_CHECKING:
    from jwt import PyJWK

ALGORITHM = "RS256"
"""The only one taken: `none` signs nothing, and HS256 would take the public key for a shared secret."""

KEYS_FRESH_FOR = timedelta(hours=1)
"""Where the issuer does not say how long (RFC 9111, max-age)."""

KEYS_USABLE_FOR = timedelta(days=1)
"""Google publishes a key well before using it and after: a day without its key server harms nobody."""

KEYS_FETCHED_AT_MOST_EVERY = timedelta(minutes=1)
"""Anybody can send a token with a made-up key id; each must not cost us a request."""

ANSWER_WITHIN_SECONDS = 5
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age=([0-9]{1,9})(?:$|[,\s])", re.IGNORECASE)


class Keys(Protocol):
    """Where the keys of one issuer come from."""

    def find(self, kid: str, *, now: datetime) -> "PyJWK | None":
        """The key of that id, None where there is none. Raises KeysUnavailable."""
        ...


class KeysUnavailable(Unavailable):
    """The issuer's keys cannot be had, so that no token can be told from a forged one."""

    code: ClassVar[str] = "keys_unavailable"

    def __init__(self, url: str, *, reason: str) -> None:
        self.url = url
        self.reason = reason
        super().__init__(f"no signing keys from {url}: {reason}")


@dataclass(frozen=True, slots=True)
class FetchedKeys:
    """An issuer's keys by id, and for how long it says that they need not be fetched again."""

    keys: Mapping[str, "PyJWK"]
    fresh_for: timedelta


@dataclass(frozen=True, slots=True)
class FixedKeys:
    """Keys that are at hand."""

    keys: Mapping[str, "PyJWK"]

    def find(self, kid: str, *, now: datetime) -> "PyJWK | None":  # noqa: ARG002 - they stay as they are
        """The key of that id, or None."""
        return self.keys.get(kid)


class SigningKeys:
    """An issuer's public keys by id, from its JWK set (RFC 7517). Safe to share between threads."""

    def __init__(self, url: str) -> None:
        """`url` answers with the JWK set; it is asked at the first `find`."""
        self._url = url
        self._fetched = FetchedKeys({}, KEYS_FRESH_FOR)
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._lock = Lock()

    def find(self, kid: str, *, now: datetime) -> "PyJWK | None":
        """The key of that id, fetched anew where it is unknown or the set is old, at most once a minute."""
        with self._lock:
            if self._worth_fetching(kid, now=now):
                self._fetch(now)
            return self._fetched.keys.get(kid)

    def _worth_fetching(self, kid: str, *, now: datetime) -> bool:
        if self._fetched_at is None or self._tried_at is None:
            return True
        wanted = kid not in self._fetched.keys or now - self._fetched_at >= self._fetched.fresh_for
        return wanted and now - self._tried_at >= KEYS_FETCHED_AT_MOST_EVERY

    def _fetch(self, now: datetime) -> None:
        self._tried_at = now
        try:
            self._fetched = fetch_keys(self._url)
        except KeysUnavailable:
            if self._fetched_at is None or now - self._fetched_at >= KEYS_USABLE_FOR:
                self._fetched_at = None
                self._fetched = FetchedKeys({}, KEYS_FRESH_FOR)
                raise
        else:
            self._fetched_at = now


def fetch_keys(url: str) -> FetchedKeys:
    """The RSA signing keys of the JWK set at `url` by their id. Raises KeysUnavailable."""
    import jwt  # noqa: PLC0415 - only where a token is sent
    from google.auth.exceptions import TransportError  # noqa: PLC0415
    from google.auth.transport.requests import Request  # noqa: PLC0415

    try:
        response = Request()(url, timeout=ANSWER_WITHIN_SECONDS)
        if response.status != HTTPStatus.OK:
            raise KeysUnavailable(url, reason=f"status {response.status}")
        keys = jwt.PyJWKSet.from_dict(json.loads(response.data)).keys
    except (TransportError, jwt.PyJWTError, ValueError, AttributeError) as error:
        raise KeysUnavailable(url, reason=str(error)) from error
    named = {key.key_id: key for key in keys if key.key_id and key.algorithm_name == ALGORITHM}
    return FetchedKeys(named, _fresh_for(response.headers))


def _fresh_for(headers: Mapping[str, str]) -> timedelta:
    """What the answer says of its own age, within what is sensible."""
    control = next((text for name, text in headers.items() if name.lower() == "cache-control"), "")
    found = _MAX_AGE.search(control)
    asked = KEYS_FRESH_FOR if found is None else timedelta(seconds=int(found[1]))
    return min(max(asked, KEYS_FETCHED_AT_MOST_EVERY), KEYS_USABLE_FOR)
