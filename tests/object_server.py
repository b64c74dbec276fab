"""A Cloud Storage for tests: the part of the XML API that obstore speaks, in memory, on this machine only.

https://cloud.google.com/storage/docs/xml-api/reference-headers (`x-goog-if-generation-match`, `x-goog-generation`)
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5
from threading import Lock
from typing import ClassVar
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.local_server import LocalServer, QuietHandler


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one PUT left."""

    body: bytes
    content_type: str
    generation: int
    written_at: datetime

    @property
    def etag(self) -> str:
        return f'"{md5(self.body, usedforsecurity=False).hexdigest()}"'

    @property
    def headers(self) -> dict[str, str]:
        """All compulsory: obstore refuses an answer that lacks one."""
        return {
            "Content-Type": self.content_type,
            "ETag": self.etag,
            "Last-Modified": self.written_at.strftime("%a, %d %b %Y %H:%M:%S GMT"),
            "x-goog-generation": str(self.generation),
        }


class ObjectServer(LocalServer):
    """`with ObjectServer() as server:` serves every bucket at `server.url`; `entries` is by (bucket, key)."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], Entry] = {}
        self.requests: list[tuple[str, str]] = []
        self.failures_to_come = 0
        self.forget_answers_to_come = 0
        self._lock = Lock()
        super().__init__(type("Handler", (_Handler,), {"store": self}))

    def fails(self, method: str, path: str) -> bool:
        """Take note of a request; whether it is one of the `failures_to_come`."""
        with self._lock:
            self.requests.append((method, path))
            self.failures_to_come -= 1
            return self.failures_to_come >= 0

    def write(self, place: tuple[str, str], body: bytes, *, content_type: str, only_if: str | None) -> Entry | None:
        """The new entry; None if the generation there is not the one asked for (0: nothing there)."""
        with self._lock:
            there = self.entries.get(place)
            if only_if is not None and int(only_if) != (there.generation if there else 0):
                return None
            generation = 1 + max((entry.generation for entry in self.entries.values()), default=0)
            entry = Entry(body=body, content_type=content_type, generation=generation, written_at=datetime.now(UTC))
            self.entries[place] = entry
            return entry

    def loses_the_answer(self) -> bool:
        """Whether the answer to this write is one of the `forget_answers_to_come`: done, but nobody hears of it."""
        with self._lock:
            self.forget_answers_to_come -= 1
            return self.forget_answers_to_come >= 0


class _Handler(QuietHandler):
    store: ClassVar[ObjectServer]
    protocol_version = "HTTP/1.1"
    timeout = 10

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        entry = None if self.refused() else self.written(body)
        if entry is None:
            return
        if self.store.loses_the_answer():
            self.answer(503)
        else:
            self.answer(200, headers=entry.headers)

    def written(self, body: bytes) -> Entry | None:
        content_type = self.headers.get("Content-Type", "application/octet-stream")
        only_if = self.headers.get("x-goog-if-generation-match")
        entry = self.store.write(self.place, body, content_type=content_type, only_if=only_if)
        if entry is None:
            self.answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
        return entry

    def do_GET(self) -> None:
        if self.refused():
            return
        if "list-type=2" in self.path:
            self.answer(200, self.listing(), headers={"Content-Type": "application/xml"})
        elif entry := self.store.entries.get(self.place):
            self.answer(200, entry.body, headers=entry.headers)
        else:
            self.missing()

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        if self.refused():
            return
        if self.store.entries.pop(self.place, None):
            self.answer(204)
        else:
            self.missing()

    @property
    def place(self) -> tuple[str, str]:
        bucket, _, key = urlsplit(self.path).path.removeprefix("/").partition("/")
        return unquote(bucket), unquote(key)

    def refused(self) -> bool:
        refused = self.store.fails(self.command, self.path)
        if refused:
            self.answer(503, b"<Error><Code>ServiceUnavailable</Code></Error>")
        return refused

    def missing(self) -> None:
        self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def listing(self) -> bytes:
        prefix = parse_qs(urlsplit(self.path).query).get("prefix", [""])[0]
        found = [(key, entry) for (_, key), entry in sorted(self.store.entries.items()) if key.startswith(prefix)]
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(entry.body)}</Size><ETag>{escape(entry.etag)}</ETag>"
            f"<LastModified>{entry.written_at.isoformat()}</LastModified></Contents>"
            for key, entry in found
        )
        return f"<ListBucketResult>{contents}</ListBucketResult>".encode()
