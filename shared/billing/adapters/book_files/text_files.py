"""The files of a book as text: of a sane size, in UTF-8."""

from pathlib import Path

from billing.adapters.book_files.error_log import ErrorLog

LARGEST_FILE = 200 * 1024 * 1024


def read_text(path: Path, *, log: ErrorLog) -> str | None:
    """The text of a file without its byte order mark, or None where that is logged as impossible."""
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            log.add(path.name, f"expected at most {LARGEST_FILE} bytes, got {size}; split the book by months of usage")
            return None
        raw = path.read_bytes()
    except FileNotFoundError:
        way_out = "; with no rows to give, give its header alone" if path.suffix == ".csv" else ""
        log.add(path.name, f"the file is missing{way_out}")
        return None
    except OSError as error:
        log.add(path.name, f"can't be read: {error.strerror}")
        return None
    return _decoded(raw, file=path.name, log=log)


def _decoded(raw: bytes, *, file: str, log: ErrorLog) -> str | None:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = f"expected UTF-8, got the byte 0x{raw[error.start]:02x} at offset {error.start}; save it as UTF-8"
        log.add(file, message, line=line)
        return None
    if "\0" in text:
        log.add(file, "expected text, got a NUL character", line=text.count("\n", 0, text.index("\0")) + 1)
        return None
    return text
