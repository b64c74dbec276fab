"""Objects on Cloud Storage or in a local folder, by one library: obstore (https://developmentseed.org/obstore).

The write is "only if absent" in the store itself (`x-goog-if-generation-match: 0`; a hard link in a folder), so that
two writers at once, or a repeated one, never replace what somebody may have downloaded already.
"""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import GCSStore, LocalStore

from billing.domain.errors import InvalidInput, NotFound
from billing.ports import ObjectExists, StoredObject, StoreUnavailable

if TYPE_CHECKING:
    from obstore.store import RetryConfig

STORE = "the object store"

LONGEST_KEY = 1024
"""In bytes; Cloud Storage's own limit (https://cloud.google.com/storage/docs/objects#naming)."""

LONGEST_SEGMENT = 200
"""In bytes; a file name has 255, of which the folder's staging suffix takes some."""

UNSAFE = frozenset("\\#?*[]")
"""What Cloud Storage's tools read as a pattern, a folder store as a staging suffix, or Windows as a separator."""


class ObstoreObjects:
    """The Objects port. Safe to share between threads; raises StoreUnavailable once its own retries are used up."""

    _RETRIES: ClassVar["RetryConfig"] = {
        "max_retries": 5,
        "retry_timeout": timedelta(seconds=60),
        "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=5), "base": 2},
    }

    def __init__(self, store: GCSStore | LocalStore, *, keeps_content_type: bool) -> None:
        """`keeps_content_type`: a folder refuses attributes, there the invoice's own record has to know."""
        self._store = store
        self._keeps_content_type = keeps_content_type

    @classmethod
    def folder(cls, path: Path) -> Self:
        """Objects as files below `path`, which is made if need be."""
        return cls(LocalStore(path, mkdir=True), keeps_content_type=False)

    @classmethod
    def bucket(cls, name: str, *, endpoint: str | None = None) -> Self:
        """Objects in a Cloud Storage bucket, with the credentials of the machine it runs on.

        `endpoint` names another server that speaks the XML API (a test server): it gets a dummy token, never ours.
        """
        timeout = timedelta(seconds=30)
        if endpoint is None:
            store = GCSStore(name, client_options={"timeout": timeout}, retry_config=cls._RETRIES)
        else:
            store = GCSStore(
                name,
                config={"base_url": endpoint, "bearer_token": "none"},
                client_options={"timeout": timeout, "allow_http": True},
                retry_config=cls._RETRIES,
            )
        return cls(store, keeps_content_type=True)

    def put_new(self, key: str, body: bytes, *, content_type: str) -> StoredObject:
        """Write only if absent. The same bytes there already are fine; other bytes raise ObjectExists."""
        created = self._create(checked_key(key), body, content_type=content_type)
        if not created and self.get(key) != body:
            raise ObjectExists(key)
        return StoredObject(key=key, size=len(body), sha256=sha256(body).hexdigest(), created=created)

    def get(self, key: str) -> bytes:
        """The bytes under `key`; NotFound if there are none."""
        path = checked_key(key)
        with _outages():
            try:
                return bytes(self._store.get(path).bytes())
            except FileNotFoundError:
                raise NotFound("object", key) from None

    def exists(self, key: str) -> bool:
        """Whether anything stands under `key`."""
        path = checked_key(key)
        with _outages():
            try:
                self._store.head(path)
            except FileNotFoundError:
                return False
            return True

    def delete(self, key: str) -> None:
        """Remove what stands under `key`; nothing there is fine."""
        path = checked_key(key)
        with _outages():
            try:
                self._store.delete(path)
            except FileNotFoundError:
                return

    def _create(self, path: str, body: bytes, *, content_type: str) -> bool:
        attributes = {"Content-Type": content_type} if self._keeps_content_type else None
        with _outages():
            try:
                self._store.put(path, body, attributes=attributes, mode="create")
            except AlreadyExistsError:
                return False
            return True


def checked_key(key: str) -> str:
    """The key itself, once it is certain that it stays below its folder on every store; else InvalidInput.

    Tenant ids and invoice numbers are parts of keys: nothing in them may climb out of `invoices/{tenant}/`.
    """
    if not _fits(key):
        raise InvalidInput("key", expected=f"1 to {LONGEST_KEY} bytes of UTF-8", given=key)
    for segment in key.split("/"):
        if segment.strip(".") == "":
            raise InvalidInput("key", expected="segments that are neither empty nor dots alone", given=key)
        if len(segment.encode()) > LONGEST_SEGMENT:
            raise InvalidInput("key", expected=f"segments of at most {LONGEST_SEGMENT} bytes", given=key)
    if any(character in UNSAFE or unicodedata.category(character) in {"Cc", "Cf"} for character in key):
        raise InvalidInput("key", expected="no control character and none of \\ # ? * [ ]", given=key)
    return key


def _fits(key: str) -> bool:
    try:
        return 0 < len(key.encode()) <= LONGEST_KEY
    except UnicodeEncodeError:  # half of a surrogate pair
        return False


@contextmanager
def _outages() -> Iterator[None]:
    """Tell every failure of the store itself as StoreUnavailable."""
    try:
        yield
    except (BaseError, OSError) as error:
        first_line = str(error).partition("\n")[0]
        raise StoreUnavailable(STORE, reason=first_line) from error
