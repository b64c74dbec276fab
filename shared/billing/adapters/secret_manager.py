"""Secrets out of Google Secret Manager (https://cloud.google.com/secret-manager/docs).

The account needs two roles on each secret: secretAccessor for the value and viewer for the list of versions.
The client costs half a second to import, so that is done at the first secret and not at the start.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from billing.ports import Clock, StoreUnavailable

if TYPE_CHECKING:
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient
    from google.cloud.secretmanager_v1.types import SecretPayload

STORE = "Secret Manager"

CACHED_FOR = timedelta(minutes=5)
"""How long a revoked version may live on; a rotation keeps the old version enabled longer than this."""

VERSIONS = 2
"""The new one and the one being retired."""

ANSWER_WITHIN_SECONDS = 10

_CASTAGNOLI = 0x82F63B78
"""The reversed polynomial of CRC-32C (RFC 3720, appendix B.4)."""


class SecretManagerSecrets:
    """The Secrets port over one project: the newest two enabled versions, asked for once in five minutes."""

    def __init__(self, project: str, *, clock: Clock, client: "SecretManagerServiceClient | None" = None) -> None:
        """`client` is made at first use if none is given: a run that needs no secret never connects."""
        self._project = project
        self._clock = clock
        self._client = client
        self._known: dict[str, tuple[datetime, tuple[str, ...]]] = {}
        self._lock = Lock()

    def get(self, name: str) -> tuple[str, ...]:
        """The enabled versions of the secret, newest first; () if there is none. Raises StoreUnavailable."""
        now = self._clock.now()
        with self._lock:
            known = self._known.get(name)
            if known is None or now - known[0] >= CACHED_FOR:
                known = (now, tuple(self._fetch(name)))
                self._known[name] = known
        return known[1]

    def _fetch(self, name: str) -> Iterator[str]:
        from google.api_core.exceptions import FailedPrecondition  # noqa: PLC0415

        client = self._connected()
        with _outages():
            for version in self._enabled(client, name=name)[:VERSIONS]:
                try:
                    payload = client.access_secret_version(name=version, timeout=ANSWER_WITHIN_SECONDS).payload
                except FailedPrecondition:  # disabled since it was listed
                    continue
                yield from _text(payload, version=version)

    def _enabled(self, client: "SecretManagerServiceClient", *, name: str) -> list[str]:
        from google.api_core.exceptions import NotFound  # noqa: PLC0415
        from google.cloud.secretmanager_v1.types import ListSecretVersionsRequest  # noqa: PLC0415

        request = ListSecretVersionsRequest(parent=f"projects/{self._project}/secrets/{name}", filter="state:ENABLED")
        try:
            versions = list(client.list_secret_versions(request=request, timeout=ANSWER_WITHIN_SECONDS))
        except NotFound:
            return []
        return sorted((version.name for version in versions), key=_number, reverse=True)

    def _connected(self) -> "SecretManagerServiceClient":
        if self._client is None:
            from google.cloud.secretmanager_v1 import SecretManagerServiceClient  # noqa: PLC0415

            self._client = SecretManagerServiceClient()
        return self._client


def crc32c(body: bytes) -> int:
    """The checksum that Secret Manager sends along. Secrets are short: bit by bit is quick enough."""
    remainder = 0xFFFFFFFF
    for byte in body:
        remainder ^= byte
        for _ in range(8):
            remainder = (remainder >> 1) ^ (_CASTAGNOLI if remainder & 1 else 0)
    return remainder ^ 0xFFFFFFFF


def _text(payload: "SecretPayload", *, version: str) -> Iterator[str]:
    if "data_crc32c" in payload and payload.data_crc32c != crc32c(payload.data):
        raise StoreUnavailable(STORE, reason=f"{version} arrived damaged (CRC-32C)")
    text = payload.data.decode()
    if text.strip():
        yield text.strip("\r\n")  # `echo` adds a line end that nobody meant


def _number(version: str) -> int:
    return int(version.rpartition("/")[2])


@contextmanager
def _outages() -> Iterator[None]:
    from google.api_core.exceptions import GoogleAPICallError, RetryError  # noqa: PLC0415

    try:
        yield
    except (GoogleAPICallError, RetryError) as error:
        raise StoreUnavailable(STORE, reason=error.message) from error
