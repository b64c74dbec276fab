"""The files of a document are all written once; a later try adopts what the first one left, and nobody else's."""

from hashlib import sha256

import orjson
import pytest

from billing.domain.invoice import Attachment
from billing.ports import ObjectExists, StoreUnavailable
from billing.usecases.file_document import file_document
from tests.world import ObjectsInMemory

KEY = "invoices/acme/2026/INV-1"


def said(**changes: object) -> bytes:
    return orjson.dumps({"id": "sub.1.r0", "issued_at": "2026-02-01T00:00:00Z", "total": 4900, "note": "", **changes})


def attachment(suffix: str, body: bytes, content_type: str) -> Attachment:
    return Attachment(key=f"{KEY}.{suffix}", content_type=content_type, size=len(body), sha256=sha256(body).hexdigest())


def test_every_file_is_written_with_its_type_size_and_checksum_the_pdf_and_the_json_first() -> None:
    objects = ObjectsInMemory()
    filed = file_document(objects, key=KEY, files={"ubl.xml": b"<a/>", "pdf": b"%PDF"}, json=said())
    assert filed == (
        attachment("pdf", b"%PDF", "application/pdf"),
        attachment("json", said(), "application/json"),
        attachment("ubl.xml", b"<a/>", "application/xml"),
    )
    assert objects.bodies == {f"{KEY}.pdf": b"%PDF", f"{KEY}.json": said(), f"{KEY}.ubl.xml": b"<a/>"}


def test_the_same_again_is_the_same() -> None:
    objects = ObjectsInMemory()
    first = file_document(objects, key=KEY, files={"pdf": b"%PDF"}, json=said())
    assert file_document(objects, key=KEY, files={"pdf": b"%PDF"}, json=said()) == first


@pytest.mark.parametrize("json", [said(), said(note="a field of the newer program")], ids=["as it was", "with more"])
def test_a_try_that_draws_it_otherwise_adopts_what_stands_and_adds_what_is_missing(json: bytes) -> None:
    objects = ObjectsInMemory()
    file_document(objects, key=KEY, files={"pdf": b"%PDF old look"}, json=said())
    filed = file_document(objects, key=KEY, files={"pdf": b"%PDF new", "ubl.xml": b"<a/>"}, json=json)
    assert filed == (
        attachment("pdf", b"%PDF old look", "application/pdf"),
        attachment("json", said(), "application/json"),
        attachment("ubl.xml", b"<a/>", "application/xml"),
    )
    assert objects.bodies[f"{KEY}.pdf"] == b"%PDF old look"


@pytest.mark.parametrize(
    "standing",
    [said(id="sub.2.r0"), said(issued_at="2026-03-01T00:00:00Z"), said(total=1), b"[]", b"no JSON"],
    ids=["another id", "another day", "another total", "a list", "no JSON"],
)
def test_what_is_another_documents_is_neither_adopted_nor_replaced(standing: bytes) -> None:
    objects = ObjectsInMemory()
    objects.bodies = {f"{KEY}.json": standing, f"{KEY}.pdf": b"%PDF other"}
    with pytest.raises(ObjectExists):
        file_document(objects, key=KEY, files={"pdf": b"%PDF"}, json=said())
    assert objects.bodies == {f"{KEY}.json": standing, f"{KEY}.pdf": b"%PDF other"}


def test_a_file_without_a_json_beside_it_is_somebody_elses_for_every_later_try_too() -> None:
    objects = ObjectsInMemory()
    objects.bodies = {f"{KEY}.pdf": b"%PDF other"}
    for _ in range(2):
        with pytest.raises(ObjectExists):
            file_document(objects, key=KEY, files={"pdf": b"%PDF"}, json=said())
    assert objects.bodies == {f"{KEY}.pdf": b"%PDF other"}


def test_a_bucket_that_deletes_nothing_says_the_same() -> None:
    class Retaining(ObjectsInMemory):
        def delete(self, key: str) -> None:
            raise StoreUnavailable("objects", reason="retained until 2036")

    objects = Retaining()
    objects.bodies = {f"{KEY}.pdf": b"%PDF other"}
    with pytest.raises(ObjectExists):
        file_document(objects, key=KEY, files={"pdf": b"%PDF"}, json=said())
