"""The Objects port, the same on Cloud Storage's XML API and in a folder."""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.adapters.objects import ObstoreObjects, checked_key
from billing.domain.errors import InvalidInput, NotFound
from billing.ports import ObjectExists, Objects, StoredObject, StoreUnavailable
from tests.object_server import ObjectServer

KEY = "invoices/acme/2026/INV-2026-02-0047.pdf"
PDF = "application/pdf"


@pytest.fixture
def server() -> Iterator[ObjectServer]:
    with ObjectServer() as server:
        yield server


@pytest.fixture(params=["folder", "bucket"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    if request.param == "folder":
        return ObstoreObjects.folder(tmp_path / "made" / "on demand")
    server = request.getfixturevalue("server")
    return ObstoreObjects.bucket("papers", endpoint=server.url)


def test_what_was_written_is_read_back_with_its_size_and_checksum(objects: Objects) -> None:
    # SHA-256 of "abc": FIPS 180-2, appendix B.1
    checksum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    assert objects.put_new(KEY, b"abc", content_type=PDF) == StoredObject(KEY, 3, checksum, created=True)
    assert objects.get(KEY) == b"abc"


def test_an_empty_and_a_large_object_survive(objects: Objects) -> None:
    large = hashlib.sha256(b"seed").digest() * 200_000  # 6.4 MB: above the size at which uploads are split
    objects.put_new("empty", b"", content_type=PDF)
    objects.put_new("large", large, content_type=PDF)

    assert objects.get("empty") == b""
    assert objects.get("large") == large


def test_writing_the_same_bytes_again_is_fine_and_creates_nothing(objects: Objects) -> None:
    first = objects.put_new(KEY, b"paper", content_type=PDF)
    again = objects.put_new(KEY, b"paper", content_type=PDF)

    assert (first.created, again.created) == (True, False)
    assert (again.key, again.size, again.sha256) == (first.key, first.size, first.sha256)


def test_other_bytes_never_replace_what_stands(objects: Objects) -> None:
    objects.put_new(KEY, b"paper", content_type=PDF)

    with pytest.raises(ObjectExists, match=r"INV-2026-02-0047\.pdf' exists with other content"):
        objects.put_new(KEY, b"forged", content_type=PDF)
    assert objects.get(KEY) == b"paper"


@pytest.mark.parametrize("attempt", range(5))
def test_of_two_writers_at_once_exactly_one_creates(objects: Objects, attempt: int) -> None:
    start = Barrier(2)

    def write(body: bytes) -> str:
        start.wait(timeout=10)
        try:
            return "created" if objects.put_new(f"race/{attempt}", body, content_type=PDF).created else "there"
        except ObjectExists:
            return "other"

    with ThreadPoolExecutor(2) as pool:
        different = sorted(pool.map(write, [b"a" * 50_000, b"b" * 50_000]))
    assert different == ["created", "other"]
    assert objects.get(f"race/{attempt}") in {b"a" * 50_000, b"b" * 50_000}


def test_of_eight_writers_of_the_same_bytes_one_creates_and_all_succeed(objects: Objects) -> None:
    start = Barrier(8)

    def write(_: int) -> bool:
        start.wait(timeout=10)
        return objects.put_new(KEY, b"paper", content_type=PDF).created

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(write, range(8))) == [False] * 7 + [True]


def test_what_is_missing_is_not_found_and_does_not_exist(objects: Objects) -> None:
    with pytest.raises(NotFound, match="no object 'invoices/none'"):
        objects.get("invoices/none")
    assert not objects.exists("invoices/none")


def test_a_folder_of_objects_is_no_object(objects: Objects) -> None:
    objects.put_new(KEY, b"paper", content_type=PDF)

    assert objects.exists(KEY)
    assert not objects.exists("invoices/acme")


def test_deleting_removes_and_deleting_again_is_fine(objects: Objects) -> None:
    objects.put_new(KEY, b"paper", content_type=PDF)
    objects.delete(KEY)
    objects.delete(KEY)

    assert not objects.exists(KEY)
    assert objects.put_new(KEY, b"new paper", content_type=PDF).created


@pytest.mark.parametrize(
    "key", ["a b+c&d=e.pdf", "50%2F50.pdf", "Ακμή/ü.pdf", "請求書.json", "a~(1)!'$;:@,.pdf", "a/b..c/.d", 'q|<>"`^{}']
)
def test_an_unusual_key_is_kept_as_it_is(objects: Objects, key: str) -> None:
    objects.put_new(key, key.encode(), content_type=PDF)

    assert objects.get(key) == key.encode()
    assert objects.exists(key)
    objects.delete(key)
    assert not objects.exists(key)


BAD_KEYS = {
    "empty": "",
    "climbs": "invoices/acme/../globex/1.pdf",
    "climbs at once": "..",
    "climbs at the end": "invoices/..",
    "stays on the spot": "invoices/./1.pdf",
    "dots alone": "invoices/.../1.pdf",
    "absolute": "/etc/passwd",
    "a folder": "invoices/acme/",
    "an empty segment": "invoices//1.pdf",
    "a Windows separator": "invoices\\..\\1.pdf",
    "a line end": "invoices/1\r\n.pdf",
    "a NUL": "invoices/1.pdf\0.txt",
    "a delete": "invoices/\x7f",
    "right to left": "invoices/\u202efdp.1",
    "a staging suffix": "invoices/1.pdf#1",
    "a pattern": "invoices/*",
    "half a surrogate pair": "invoices/\ud83d",
    "too long": "/".join(["a" * 100] * 11),
    "a segment too long for a file": "ü" * 101,
}


@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_a_key_that_could_leave_its_folder_is_refused_by_every_call(objects: Objects, key: str) -> None:
    with pytest.raises(InvalidInput, match="^key: expected "):
        objects.put_new(key, b"x", content_type=PDF)
    with pytest.raises(InvalidInput):
        objects.get(key)
    with pytest.raises(InvalidInput):
        objects.exists(key)
    with pytest.raises(InvalidInput):
        objects.delete(key)


def test_the_longest_key_of_one_thousand_and_twenty_four_bytes_is_taken(objects: Objects) -> None:
    key = "/".join(["a" * 127] * 8)
    assert len(key) == 1023
    objects.put_new(key + "b", b"x", content_type=PDF)

    assert objects.get(key + "b") == b"x"


@given(key=st.text(max_size=40) | st.text("./\\%#a\0é", max_size=12))
def test_every_key_that_is_taken_stays_below_the_folder(key: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    try:
        checked_key(key)
    except InvalidInput:
        return
    root = tmp_path_factory.mktemp("objects")
    objects = ObstoreObjects.folder(root)
    objects.put_new(key, b"x", content_type=PDF)

    assert [file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file()] == [key]


def test_a_bucket_keeps_the_content_type(server: ObjectServer) -> None:
    ObstoreObjects.bucket("papers", endpoint=server.url).put_new(KEY, b"paper", content_type=PDF)

    assert server.entries["papers", KEY].content_type == PDF


def test_a_folder_is_shared_with_another_process(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from billing.adapters.objects import ObstoreObjects; "
        "ObstoreObjects.folder(pathlib.Path(sys.argv[1])).put_new('a/b', b'from there', content_type='text/plain')"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)

    with pytest.raises(ObjectExists):
        ObstoreObjects.folder(tmp_path).put_new("a/b", b"from here", content_type=PDF)


def test_a_short_outage_is_waited_for(server: ObjectServer) -> None:
    objects = ObstoreObjects.bucket("papers", endpoint=server.url)
    objects.put_new("before", b"paper", content_type=PDF)
    server.failures_to_come = 2

    assert objects.get("before") == b"paper"
    assert [method for method, _ in server.requests] == ["PUT", "GET", "GET", "GET"]


def test_a_write_whose_answer_was_lost_ends_well(server: ObjectServer) -> None:
    server.forget_answers_to_come = 1
    stored = ObstoreObjects.bucket("papers", endpoint=server.url).put_new(KEY, b"paper", content_type=PDF)

    assert [method for method, _ in server.requests] == ["PUT", "PUT", "GET"]
    assert stored.sha256 == hashlib.sha256(b"paper").hexdigest()
    assert server.entries["papers", KEY].body == b"paper"


def test_a_store_that_is_gone_is_said_to_be_unavailable() -> None:
    with ObjectServer() as gone:
        endpoint = gone.url
    objects = ObstoreObjects.bucket("papers", endpoint=endpoint)

    with pytest.raises(StoreUnavailable, match="^the object store did not answer: "):
        objects.exists(KEY)
