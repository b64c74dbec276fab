"""Put the files of one issued document into the object store: all of them, each written only if absent.

A retry after a crash may be made by a newer program, or in a changed look, and come to other bytes. What stands then is
what was made first, and stays: the JSON, which is written before all else, says whether it is this document's.
"""

from collections.abc import Mapping
from hashlib import sha256

import orjson

from billing.domain.errors import BillingError
from billing.domain.invoice import Attachment, Invoice
from billing.ports import ObjectExists, Objects

Files = Mapping[str, bytes]
"""What is made of a document, by suffix: `pdf`, `factur-x.xml`, `ubl.xml`."""

_CONTENT_TYPES = {"json": "application/json", "pdf": "application/pdf", "xml": "application/xml"}
_IDENTITY = ("id", "issued_at", "total")


def file_document(objects: Objects, *, key: str, files: Files, json: bytes) -> tuple[Attachment, ...]:
    """Write the files under `key` with their suffixes, the JSON beside them; the attachments, PDF and JSON first.

    What stands there already is adopted, with its own size and checksum, if the JSON beside it is of the same document
    (id, instant of issue and total). Raises ObjectExists where it is another's.
    """
    said, json_is_new = _put_json(objects, f"{key}.json", json)
    try:
        made = {suffix: _put(objects, f"{key}.{suffix}", body, ours=not json_is_new) for suffix, body in files.items()}
    except ObjectExists:
        if json_is_new:  # it would make somebody else's file look like this document's to the next try
            _remove(objects, said.key)
        raise
    pdf = made.pop("pdf", None)
    return (*((pdf,) if pdf else ()), said, *made.values())


def filed_pdf(objects: Objects, document: Invoice) -> bytes:
    """The PDF of an invoice as it was filed, or b"" where it has none yet. Raises what the store raises."""
    pdf = next((each for each in document.attachments if each.content_type == _CONTENT_TYPES["pdf"]), None)
    return b"" if pdf is None else objects.get(pdf.key)


def _put_json(objects: Objects, key: str, body: bytes) -> tuple[Attachment, bool]:
    """The JSON's attachment, and whether it was written now."""
    try:
        stored = objects.put_new(key, body, content_type=_content_type(key))
    except ObjectExists:
        standing = objects.get(key)
        if _identity(standing) != _identity(body):
            raise
        return _attachment(key, standing), False
    return _attachment(key, body), stored.created


def _put(objects: Objects, key: str, body: bytes, *, ours: bool) -> Attachment:
    try:
        objects.put_new(key, body, content_type=_content_type(key))
    except ObjectExists:
        if not ours:
            raise
        return _attachment(key, objects.get(key))
    return _attachment(key, body)


def _remove(objects: Objects, key: str) -> None:
    try:
        objects.delete(key)
    except BillingError:  # a bucket that keeps everything for years: the next try adopts what stands
        return


def _identity(body: bytes) -> object:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return [said.get(name) for name in _IDENTITY] if isinstance(said, dict) else None


def _attachment(key: str, body: bytes) -> Attachment:
    return Attachment(key=key, content_type=_content_type(key), size=len(body), sha256=sha256(body).hexdigest())


def _content_type(key: str) -> str:
    return _CONTENT_TYPES[key.rpartition(".")[2]]
