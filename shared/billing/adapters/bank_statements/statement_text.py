"""The text of a statement that is no XML: UTF-8, UTF-16 by its mark, or else what Windows writes, as banks still do."""

import codecs
from pathlib import Path

from billing.adapters.bank_statements.unreadable import Place, UnreadableStatement

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def plain_head(head: bytes) -> str:
    """The first bytes of a file as ASCII tells a format, without a byte order mark."""
    if head.startswith(_UTF_16):
        return head[: len(head) // 2 * 2].decode("utf-16", errors="replace")
    return head.removeprefix(codecs.BOM_UTF8).decode("latin-1").replace("\0", "")


def read_text(path: Path, *, encoding: str = "") -> str:
    """The text without its byte order mark and with plain line ends; UnreadableStatement where it is none."""
    raw = path.read_bytes()
    place = Place(file=path.name)
    encoding = encoding or ("utf-16" if raw.startswith(_UTF_16) else "")
    for name in (encoding,) if encoding else ("utf-8-sig", "cp1252", "latin-1"):
        try:
            text = raw.decode(codecs.lookup(name).name)
        except UnicodeDecodeError as error:
            if encoding:
                line = raw.count(b"\n", 0, error.start) + 1
                message = f"expected {encoding}, got the byte 0x{raw[error.start]:02x}"
                raise UnreadableStatement(Place(file=path.name, line=line), message) from None
            continue
        if "\0" in text:
            raise UnreadableStatement(place, "expected text, got a NUL character; is it UTF-16? Save it as UTF-8")
        return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    raise AssertionError  # latin-1 reads every byte
