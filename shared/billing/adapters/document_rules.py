"""What may be stored: the limits of Firestore, held for every store before anything is sent.

Source: https://firebase.google.com/docs/firestore/quotas and .../manage-data/data-types. Stricter where Firestore is
lenient in silence (it takes naive instants for UTC) and where SQLite's JSON is weak (NUL ends a text there).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from billing.ports import Delete, DocumentTooLarge, Fields, InvalidDocument, Update, Value, Write
from billing.store.paths import split_document_path

SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**63 - 1
SURELY_SMALL = 256 * 1024
"""An encoded document (JSON or protobuf) up to here is within the limit; only above is its exact size worked out:
nothing grows more than fourfold from either encoding to Firestore's count."""

_LARGEST_DOCUMENT = 1_048_576
_LONGEST_NAME = 1500
_BREAKS_A_PATH = frozenset(".`")
_DEEPEST = 20
_UTC_OFFSET = timedelta(0)
_REMEMBERED_NAMES = 8192
_SOUND_NAMES: set[object] = set()
"""Names found sound before: the same few hundred all day, and every document has a hundred of them."""


def check_writes(writes: Sequence[Write]) -> None:
    """InvalidDocument unless every write is storable and no path stands twice."""
    seen: set[str] = set()
    for write in writes:
        split_document_path(write.path)
        if write.path in seen:
            raise InvalidDocument("commit", expected="each path once", given=write.path)
        seen.add(write.path)
        if not isinstance(write, Delete):
            check_fields(write.fields)
        if isinstance(write, Update):
            _check_increments(write)


def check_fields(fields: Fields) -> None:
    """InvalidDocument naming the first field that no store takes."""
    others = [value for value in fields.values() if type(value) is not datetime]
    if not _SOUND_NAMES.issuperset(fields) or not _are_surely_sound(others, depth=0):
        for name, value in fields.items():
            if name not in _SOUND_NAMES:
                _check_name(name)
            if not isinstance(value, datetime):
                _check_nested(value, at=name, depth=1)
    for name, value in fields.items():
        if isinstance(value, datetime):
            check_instant(value, at=name)


def check_instant(value: datetime, *, at: str) -> None:
    """InvalidDocument unless `value` is aware and UTC."""
    if value.utcoffset() != _UTC_OFFSET:
        raise InvalidDocument(at, expected="an aware UTC instant", given=value)


def check_scalar(value: Value, *, at: str) -> None:
    """InvalidDocument unless `value` is None, a truth value, an integer of 64 bit, sound text or a UTC instant."""
    if isinstance(value, datetime):
        check_instant(value, at=at)
    elif isinstance(value, list | dict):
        raise InvalidDocument(at, expected="a scalar", given=value)
    else:
        _check_nested(value, at=at, depth=1)


def check_size(path: str, fields: Fields) -> None:
    """DocumentTooLarge above 1 MiB, counted as https://firebase.google.com/docs/firestore/storage-size says."""
    name = sum(len(segment.encode()) + 1 for segment in path.split("/")) + 16
    if name + 32 + _size(fields) > _LARGEST_DOCUMENT:
        raise DocumentTooLarge(path)


def _check_increments(write: Update) -> None:
    for name, amount in write.increments.items():
        _check_name(name)
        if name in write.fields:
            raise InvalidDocument(name, expected="either a value or an increment", given=amount)
        if type(amount) is not int or not SMALLEST_INTEGER <= amount <= LARGEST_INTEGER:
            raise InvalidDocument(name, expected="an integer increment of 64 bit", given=amount)


def _are_surely_sound(values: Iterable[object], *, depth: int) -> bool:
    """Whether what a map or a list holds needs no closer look: nearly none does, and looking costs as much as storing.

    All texts are looked at in one go.
    """
    texts: list[str] = []
    for value in values:
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, int):
            if not SMALLEST_INTEGER <= value <= LARGEST_INTEGER:
                return False
        elif value is not None and not _holds_surely_sound(value, depth=depth + 1):
            return False
    return _is_sound_text("".join(texts))


def _holds_surely_sound(value: object, *, depth: int) -> bool:
    if depth > _DEEPEST:
        return False
    if isinstance(value, dict):
        return _SOUND_NAMES.issuperset(value) and _are_surely_sound(value.values(), depth=depth)
    return isinstance(value, list) and list not in map(type, value) and _are_surely_sound(value, depth=depth)


def _check_nested(value: object, *, at: str, depth: int) -> None:
    if isinstance(value, str):
        _check_text(value, at=at)
    elif isinstance(value, int):
        if not SMALLEST_INTEGER <= value <= LARGEST_INTEGER:
            raise InvalidDocument(at, expected="an integer of 64 bit", given=value)
    elif isinstance(value, dict):
        _check_depth(depth, at=at)
        _check_map(value, at=at, depth=depth)
    elif isinstance(value, list):
        _check_depth(depth, at=at)
        _check_list(value, at=at, depth=depth)
    elif value is not None:
        expected = "ISO text below the top level" if isinstance(value, datetime) else "text, integer, bool, list or map"
        raise InvalidDocument(at, expected=expected, given=value)


def _check_depth(depth: int, *, at: str) -> None:
    if depth > _DEEPEST:
        raise InvalidDocument(at, expected=f"at most {_DEEPEST} levels", given="more")


def _check_map(value: dict[object, object], *, at: str, depth: int) -> None:
    for name, inner in value.items():
        if name not in _SOUND_NAMES:
            _check_name(name)
        _check_nested(inner, at=f"{at}.{name}", depth=depth + 1)


def _check_list(value: list[object], *, at: str, depth: int) -> None:
    for inner in value:
        if isinstance(inner, list):
            raise InvalidDocument(at, expected="no list directly in a list", given=inner)
        _check_nested(inner, at=at, depth=depth + 1)


def _check_name(name: object) -> None:
    if (
        not isinstance(name, str)
        or not name
        or not name.isprintable()
        or name.startswith("__")
        or _BREAKS_A_PATH & {*name}
    ):
        raise InvalidDocument("name", expected="a printable field name without '.' and '`', not '__...'", given=name)
    if len(name.encode()) > _LONGEST_NAME:
        raise InvalidDocument("name", expected=f"a field name of at most {_LONGEST_NAME} bytes", given=name)
    if len(_SOUND_NAMES) < _REMEMBERED_NAMES:
        _SOUND_NAMES.add(name)


def _check_text(value: str, *, at: str) -> None:
    if "\0" in value:
        raise InvalidDocument(at, expected="text without NUL", given=value)
    if not _is_sound_text(value):
        raise InvalidDocument(at, expected="text without lone surrogates", given=value)


def _is_sound_text(value: str) -> bool:
    if "\0" in value:
        return False
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return False
    return True


def _size(value: Value) -> int:
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, int | datetime):
        return 8
    if isinstance(value, str):
        return len(value.encode()) + 1
    if isinstance(value, list):
        return sum(map(_size, value))
    return sum(len(name.encode()) + 1 + _size(inner) for name, inner in value.items())
