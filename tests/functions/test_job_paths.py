"""Which job a call is for: at any path the function's own, at one that ends in its name the other."""

import json
from collections.abc import Iterator

import pytest

from tests.functions.laptop import Laptop, laptop_door
from tests.functions.running_door import KEY


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """One door; each test has a tenant of its own."""
    with laptop_door(tmp_path_factory.mktemp("laptop")) as started:
        yield started


@pytest.mark.parametrize("path", ["/", "/api/customer-billing/generate-invoices", "/generate_invoices", "/a/b/c/"])
def test_the_path_does_not_matter(laptop: Laptop, path: str) -> None:
    sent = {"x-internal-key": KEY, "X-Tenant-ID": laptop.tenant()}

    assert laptop.door.call("POST", path=path, sent=sent).json["generated"] == 1


@pytest.mark.parametrize("path", ["/verify", "/verify/", "/generate_invoices/verify"])
def test_a_path_that_ends_in_the_name_of_the_other_job_bills_nothing(laptop: Laptop, path: str) -> None:
    sent = {"x-internal-key": KEY, "X-Tenant-ID": laptop.tenant()}

    answered = laptop.door.call("POST", path=path, body=b'{"job": "verify"}', sent=sent)

    assert (answered.status, answered.json["findings"]) == (200, 0)
    assert laptop.door.call("POST", sent=sent).json["generated"] == 1


@pytest.mark.parametrize(("path", "job"), [("/", "verify"), ("/verify", "generate_invoices"), ("/", 1)])
def test_a_body_that_is_meant_for_another_job_is_refused(laptop: Laptop, path: str, job: object) -> None:
    sent = {"x-internal-key": KEY, "X-Tenant-ID": laptop.tenant()}

    refused = laptop.door.call("POST", path=path, body=json.dumps({"job": job}).encode(), sent=sent)

    assert (refused.status, [flaw["field"] for flaw in refused.json["errors"]]) == (422, ["job"])
    assert laptop.door.call("POST", sent=sent).json["generated"] == 1
