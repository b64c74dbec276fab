"""Settle issued documents, invoices or credit notes: file what is made of them, then take the step off in one commit.

A crash anywhere leaves the step on the document, and the next run's sweep does it again. Doing it again is harmless:
objects are written only if absent.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from billing.domain.credit import CreditNote
from billing.domain.errors import BillingError
from billing.domain.invoice import Attachment, Invoice, SettlementStep
from billing.domain.run_report import Settled, SettlementFailure
from billing.ports import Document, Documents, Objects
from billing.store.codec import BrokenDocument
from billing.store.collection import Collection, Stored
from billing.usecases.file_document import Files, file_document
from billing.usecases.refusal import foreseen

_SWEEP_PAGE = 100

D = TypeVar("D", Invoice, CreditNote)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk(Generic[D]):
    """How one kind of document is settled.

    `render` makes the files of documents as they were issued, in their order, the same bytes for the same document;
    `json` is what is filed beside them, `key` where, without a suffix. `decode` may raise BrokenDocument.
    """

    documents: Documents
    objects: Objects
    collection: Collection
    decode: Callable[[Document], Stored[D]]
    as_issued: Callable[[D], D]
    render: Callable[[Sequence[D]], Iterable[Files]]
    json: Callable[[D], bytes]
    key: Callable[[D], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed(Generic[D]):
    """A document as it was read, the files that were made of it, and where they stand now."""

    document: Stored[D]
    files: Files
    attachments: tuple[Attachment, ...]


def file_all(desk: Desk[D], documents: Sequence[Stored[D]]) -> tuple[list[Filed[D]], list[SettlementFailure]]:
    """Make and file the files of documents whose step that is; those that are filed now, and those that can't be."""
    waiting = [each for each in documents if SettlementStep.RENDER in each.value.pending]
    done: list[Filed[D]] = []
    failures: list[SettlementFailure] = []
    issued = [desk.as_issued(each.value) for each in waiting]
    for document, files in zip(waiting, _rendered(desk.render, issued), strict=True):
        try:
            if isinstance(files, Exception):
                raise foreseen(files)
            key, json = desk.key(document.value), desk.json(document.value)
            attachments = file_document(desk.objects, key=key, files=files, json=json)
        except BillingError as error:
            failures.append(failure_of(document.value.id, error))
        else:
            done.append(Filed(document=document, files=files, attachments=attachments))
    return done, failures


def sweep_all(
    desk: Desk[D], *, out_of_time: Callable[[], bool], settle: Callable[[Sequence[Stored[D]]], Settled], after: str = ""
) -> Settled:
    """Settle what earlier runs left, as `sweep_pages`."""
    return sweep_pages(desk.collection, desk.decode, settle, out_of_time=out_of_time, after=after)


def sweep_pages(
    collection: Collection,
    decode: Callable[[Document], Stored[T]],
    settle: Callable[[Sequence[Stored[T]]], Settled],
    *,
    out_of_time: Callable[[], bool],
    after: str = "",
    page: int = _SWEEP_PAGE,
) -> Settled:
    """Settle what earlier runs left, a page at a time, from after an id; `decode` may raise BrokenDocument.

    Where the time is up first, `sweep_from` says where it goes on: what can't be settled is not tried again before the
    rest had its turn.
    """
    settled = Settled()
    while not out_of_time():
        found = collection.unsettled(limit=page, after_id=after or None)
        if not found:
            return settled
        readable: list[Stored[T]] = []
        for document in found:
            try:
                readable.append(decode(document))
            except BrokenDocument as error:
                settled += Settled(failures=[failure_of(document.id, error)])
        settled += settle(readable)
        after = found[-1].id
    return settled + Settled(sweep_from=f"{collection.name}/{after}")


def _rendered(render: Callable[[Sequence[D]], Iterable[Files]], documents: Sequence[D]) -> Iterator[Files | Exception]:
    """The files of each document in order, or the error of one that can't be drawn: the others are drawn anyway."""
    drawn = 0
    while drawn < len(documents):
        made = _one_by_one(render, documents[drawn:])
        files: Files | Exception = {}
        while drawn < len(documents) and not isinstance(files, Exception):
            files = _next(made)
            drawn += 1
            yield files


def _one_by_one(render: Callable[[Sequence[D]], Iterable[Files]], documents: Sequence[D]) -> Iterator[Files]:
    yield from render(documents)


def _next(made: Iterator[Files]) -> Files | Exception:
    try:
        files = next(made, None)
    except Exception as error:  # noqa: BLE001 - whatever one document does to the drawing costs no other its PDF
        return error
    return ValueError("the renderer made no PDF of it") if files is None else files


def failure_of(document_id: str, error: Exception) -> SettlementFailure:
    """A document that could not be settled, and why."""
    known = foreseen(error)
    return SettlementFailure(invoice_id=document_id, code=known.code, message=str(known))
