"""Document paths: the only place where text becomes a path.

The rules are Firestore's (https://firebase.google.com/docs/firestore/quotas#collections_documents_and_fields), held
for every store, so that what works on a laptop works in production.
"""

import re

from billing.ports import InvalidDocument

_LONGEST_SEGMENT = 1500
_LONGEST_PATH = 6000
_PLAIN_PATH = re.compile(r"(?a:[A-Za-z0-9][\w@.-]{0,199}(/[A-Za-z0-9][\w@.-]{0,199}){0,15})")
_RESERVED = re.compile(r"__.*__", re.DOTALL)


def split_document_path(path: str) -> tuple[str, str]:
    """Collection and id of a document path (an even number of valid segments), else InvalidDocument."""
    _check_segments(path, field="path")
    if path.count("/") % 2 == 0:
        raise InvalidDocument("path", expected="an even number of segments", given=path)
    collection, _, document_id = path.rpartition("/")
    return collection, document_id


def check_collection(path: str) -> None:
    """InvalidDocument unless `path` is an odd number of valid segments."""
    _check_segments(path, field="collection")
    if path.count("/") % 2 == 1:
        raise InvalidDocument("collection", expected="an odd number of segments", given=path)


def check_segment(segment: str, *, field: str) -> None:
    """InvalidDocument unless `segment` may stand between two slashes: a document id or a collection's name."""
    if not segment or segment in {".", ".."} or "/" in segment or "\0" in segment or _RESERVED.fullmatch(segment):
        raise InvalidDocument(field, expected="a name without '/', not empty, '.', '..' or '__...__'", given=segment)
    if _utf8_size(segment, field=field) > _LONGEST_SEGMENT:
        raise InvalidDocument(field, expected=f"at most {_LONGEST_SEGMENT} bytes", given=segment)


def _check_segments(path: str, *, field: str) -> None:
    if _PLAIN_PATH.fullmatch(path):
        return
    for segment in path.split("/"):
        check_segment(segment, field=field)
    if _utf8_size(path, field=field) > _LONGEST_PATH:
        raise InvalidDocument(field, expected=f"at most {_LONGEST_PATH} bytes", given=path)


def _utf8_size(text: str, *, field: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise InvalidDocument(field, expected="text without lone surrogates", given=text) from None
