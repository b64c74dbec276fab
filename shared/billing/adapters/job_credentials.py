"""What the functions believe of us: the internal key, or an identity token of the service account that we run as."""

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any, TypeAlias

Credential: TypeAlias = Callable[[str], Mapping[str, str]]
"""The headers for an address. Raises what keeps a credential from being made."""


class NoInternalKey(RuntimeError):
    """There is no internal key to call with."""


def key_credential(header: str, keys: Callable[[], Sequence[str]]) -> Credential:
    """The newest internal key, looked up with each call as it may be rotated."""

    def headers(_url: str) -> Mapping[str, str]:
        valid = keys()
        if not valid:
            raise NoInternalKey
        return {header: valid[0]}

    return headers


def token_credential() -> Credential:
    """A Google-signed identity token whose audience is the address; each is kept until it expires.

    https://docs.cloud.google.com/run/docs/authenticating/service-to-service
    """
    kept: dict[str, Any] = {}
    lock = Lock()

    def headers(url: str) -> Mapping[str, str]:
        from google.auth.transport.requests import Request  # noqa: PLC0415 - only where tokens are asked for

        with lock:
            credentials = kept.get(url) or _credentials(url, request=Request())
            if not credentials.valid:
                credentials.refresh(Request())
            kept[url] = credentials
            return {"Authorization": f"Bearer {credentials.token}"}

    return headers


def _credentials(url: str, *, request: object) -> Any:  # noqa: ANN401 - the library has no types
    from google.oauth2.id_token import fetch_id_token_credentials  # noqa: PLC0415

    return fetch_id_token_credentials(url, request=request)  # type: ignore[no-untyped-call]
