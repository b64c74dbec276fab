"""Secrets out of Google Secret Manager (https://cloud.google.com/secret-manager/docs).

The account needs two roles on each secret: secretAccessor for the value and viewer for the list of versions.
The client costs half a second to import, so that is done at the first secret and not at the start.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from billing.adapters.secret_reference import SecretReference
from billing.adapters.secret_refusals import STORE, Refusals
from billing.ports import Clock, SecretUnreadable, StoreUnavailable

if TYPE_CHECKING:
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient
    from google.cloud.secretmanager_v1.types import SecretPayload

CACHED_FOR = timedelta(minutes=5)
"""How long a revoked version may live on; a rotation keeps the old version enabled longer than this."""

VERSIONS = 2
"""The new one and the one being retired."""

ANSWER_WITHIN_SECONDS = 10

_CASTAGNOLI = 0x82F63B78
"""The reversed polynomial of CRC-32C (RFC 3720, appendix B.4)."""


class SecretManagerSecrets:
    """The Secrets port over one project, and any secret by its reference; each is asked for once in five minutes."""

    def __init__(self, project: str, *, clock: Clock, client: "SecretManagerServiceClient | None" = None) -> None:
        """`client` is made at first use if none is given: a run that needs no secret never connects."""
        self._project = project
        self._clock = clock
        self._client = client
        self._known: dict[SecretReference, tuple[datetime, tuple[str, ...] | SecretUnreadable]] = {}
        self._lock = Lock()

    def get(self, name: str) -> tuple[str, ...]:
        """The newest two enabled versions of the project's secret, newest first; () if there is no such secret.

        Raises SecretUnreadable where it may not be read or has no version that is enabled, and StoreUnavailable.
        """
        try:
            return self.resolve(SecretReference(self._project, name))
        except SecretUnreadable as refused:
            if refused.absent:
                return ()
            raise

    def resolve(self, reference: SecretReference) -> tuple[str, ...]:
        """The version that is named, or else the newest two that are enabled, newest first; () for blank ones.

        Raises SecretUnreadable, which says what to do, and StoreUnavailable.
        """
        now = self._clock.now()
        with self._lock:
            known = self._known.get(reference)
            if known is None or now - known[0] >= CACHED_FOR:
                known = (now, self._asked(reference))
                self._known[reference] = known
        if isinstance(known[1], SecretUnreadable):
            raise known[1]
        return known[1]

    def _asked(self, reference: SecretReference) -> tuple[str, ...] | SecretUnreadable:
        """What is kept for a while: the versions, or that there is no secret; all else is asked for again at once."""
        try:
            return tuple(self._fetch(reference))
        except SecretUnreadable as refused:
            if refused.absent:
                return refused
            raise

    def _fetch(self, reference: SecretReference) -> Iterator[str]:
        from google.api_core.exceptions import FailedPrecondition  # noqa: PLC0415

        client, refusals = self._connected(), Refusals(reference)
        if reference.version is not None:
            with refusals.of_version(reference.version):
                yield from _text(client, f"{reference.name}/versions/{reference.version}")
            return
        for version in self._enabled(client, refusals)[:VERSIONS]:
            try:
                with refusals.of_value():
                    yield from _text(client, version)
            except FailedPrecondition:  # disabled since it was listed
                continue

    def _enabled(self, client: "SecretManagerServiceClient", refusals: Refusals) -> list[str]:
        from google.cloud.secretmanager_v1.types import ListSecretVersionsRequest  # noqa: PLC0415

        def listed(wanted: str) -> list[str]:
            request = ListSecretVersionsRequest(parent=refusals.reference.name, filter=wanted)
            with refusals.of_list():
                found = client.list_secret_versions(request=request, timeout=ANSWER_WITHIN_SECONDS)
                return sorted((version.name for version in found), key=_number, reverse=True)

        enabled = listed("state:ENABLED")
        if not enabled and (every := listed("")):
            raise refusals.none_enabled(newest=str(_number(every[0])))
        return enabled

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


def _text(client: "SecretManagerServiceClient", version: str) -> list[str]:
    payload = client.access_secret_version(name=version, timeout=ANSWER_WITHIN_SECONDS).payload
    if _is_damaged(payload):
        raise StoreUnavailable(STORE, reason=f"{version} arrived damaged (CRC-32C)")
    text = payload.data.decode()
    return [text.strip("\r\n")] if text.strip() else []  # `echo` adds a line end that nobody meant


def _is_damaged(payload: "SecretPayload") -> bool:
    return "data_crc32c" in payload and payload.data_crc32c != crc32c(payload.data)


def _number(version: str) -> int:
    return int(version.rpartition("/")[2])
