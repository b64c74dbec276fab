"""Verify the files of issued documents: each exists, is what was filed byte for byte, and says what they say."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from hashlib import sha256
from typing import Any

import orjson

from billing.domain.credit import CreditNote
from billing.domain.document_check import Difference
from billing.domain.errors import NotFound
from billing.domain.finding import FindingKind
from billing.domain.invoice import Attachment, Invoice
from billing.ports import Objects
from billing.store.codec import BrokenDocument, decode
from billing.usecases.settle_invoices import as_issued
from billing.usecases.verification import Verification

_AT_ONCE = 8
_JSON = "application/json"
_FIGURES = frozenset({"lines", "tax_lines", "subtotal", "tax", "total", "period", "bill_for_date"})


def verify_files(
    verification: Verification,
    documents: Sequence[tuple[str, Invoice | CreditNote]],
    *,
    sound: Mapping[str, bool],
) -> None:
    """Check the files of documents by entity. Figures of one that is not `sound` are named already."""
    wanted = [(entity, document, each) for entity, document in documents for each in document.attachments]
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as readers:
        bodies = readers.map(_reader(verification.objects), [attachment for _, _, attachment in wanted])
        for (entity, document, attachment), body in zip(wanted, bodies, strict=True):
            verification.read["objects"] += 1
            if _is_intact(verification, entity, document, attachment, body) and attachment.content_type == _JSON:
                named = frozenset() if sound[entity] else _FIGURES
                _compare(verification, entity, document, body or b"", but=named)
    for entity, document in documents:
        if not document.attachments and not document.pending:
            message = f"{document.number} is issued, has no files, and none are pending"
            verification.find(FindingKind.NOT_FILED, entity, message, name=document.number)


def _reader(objects: Objects) -> Callable[[Attachment], bytes | None]:
    def read(attachment: Attachment) -> bytes | None:
        try:
            return objects.get(attachment.key)
        except NotFound:
            return None

    return read


def _is_intact(
    verification: Verification,
    entity: str,
    document: Invoice | CreditNote,
    attachment: Attachment,
    body: bytes | None,
) -> bool:
    if body is None:
        message = f"{attachment.key}, a file of {document.number}, does not exist"
        verification.find(FindingKind.OBJECT_MISSING, entity, message, name=attachment.key)
        return False
    for field, stored, expected in (
        ("size", f"{len(body):,} bytes", f"{attachment.size:,} bytes"),
        ("SHA-256", sha256(body).hexdigest(), attachment.sha256),
    ):
        if stored != expected:
            difference = Difference(field=field, stored=stored, expected=expected)
            what = f"{attachment.key}, a file of {document.number}, was altered"
            verification.find_difference(FindingKind.OBJECT_ALTERED, entity, difference, name=attachment.key, what=what)
            return False
    return True


def _compare(
    verification: Verification, entity: str, document: Invoice | CreditNote, body: bytes, *, but: frozenset[str]
) -> None:
    """The document against the copy that was filed when it was issued."""
    try:
        filed = decode(_as_stored(orjson.loads(body)), type(document))
    except (BrokenDocument, orjson.JSONDecodeError) as error:
        verification.find(FindingKind.UNREADABLE, entity, f"{document.number}, filed copy: {error}")
        return
    for each in _differing(document, filed, but=but):
        what = f"{document.number}, against the copy filed when it was issued"
        verification.find_difference(FindingKind.COPY_DIFFERS, entity, each, name=document.number, what=what)


def _as_stored(filed: Any) -> Any:  # noqa: ANN401 - parsed JSON
    """The filed JSON in the form of the stored document, whose evidence is text."""
    if not isinstance(filed, dict):
        return filed
    lines = [{**line, "explanation": orjson.dumps(line["explanation"]).decode()} for line in filed.get("lines", [])]
    basis = filed.get("basis")
    return {**filed, "lines": lines, "basis": None if basis is None else orjson.dumps(basis).decode()}


def _differing(
    document: Invoice | CreditNote, filed: Invoice | CreditNote, *, but: frozenset[str]
) -> Iterator[Difference]:
    issued = as_issued(document) if isinstance(document, Invoice) else replace(document, pending=(), attachments=())
    for each in fields(issued):
        if each.name not in but:
            stored, expected = getattr(issued, each.name), getattr(filed, each.name)
            if stored != expected:
                yield Difference(field=each.name, stored=_short(stored), expected=_short(expected))


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 200 else f"{text[:197]}..."
