"""Who may start the dunning run over HTTP, on Firestore and Cloud Storage: anybody else is refused, nothing changes."""

from collections.abc import Callable, Iterator

import pytest

from billing.sandbox.server import RunningSandbox
from tests.firestore_emulator import firestore
from tests.functions.cloud import SCHEDULER, Cloud, cloud_doors
from tests.functions.inbox import Inbox
from tests.functions.outside_parts import inbox, sandbox
from tests.functions.running_door import KEY
from tests.functions.test_callers import REFUSED_KEYS, REFUSED_TOKENS
from tests.functions.unpaid_book import UnpaidBook, unpaid_book

__all__ = ["firestore", "inbox", "sandbox"]

pytestmark = pytest.mark.emulator

DAY_3 = {"as_of": "2026-02-05"}
UNTOUCHED = "untouched"
TENANTS = (UNTOUCHED, "token", "key")


@pytest.fixture(scope="module")
def cloud(
    firestore: str, sandbox: RunningSandbox, inbox: Inbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cloud]:
    variables = {f"STRIPE_API_KEY_{tenant.upper()}": f"sk_test_{tenant}" for tenant in TENANTS}
    variables |= {"STRIPE_BASE_URL": sandbox.url, "BILLING_MAIL": inbox.url}
    folder = tmp_path_factory.mktemp("cloud")
    with cloud_doors(folder, emulator=firestore, function="run_dunning", more=variables) as started:
        yield started


@pytest.fixture(scope="module")
def untouched(cloud: Cloud, sandbox: RunningSandbox) -> UnpaidBook:
    """Unpaid for as long as nobody gets in."""
    return unpaid_book(sandbox, UNTOUCHED, documents=cloud.documents, objects=cloud.bucket)


def state(book: UnpaidBook, inbox: Inbox) -> tuple[object, list[int], int]:
    """The books, what was taken from cards, and how many mails were sent."""
    return book.world.everything(), book.world.taken(), len(inbox.arrived)


@pytest.mark.parametrize(("make", "status"), REFUSED_TOKENS.values(), ids=REFUSED_TOKENS)
@pytest.mark.parametrize("tenant", [UNTOUCHED, None], ids=["one tenant", "all"])
def test_a_token_that_is_not_the_schedulers_is_refused_and_nobody_is_chased(
    cloud: Cloud,
    untouched: UnpaidBook,
    inbox: Inbox,
    make: Callable[[Cloud], str],
    status: int,
    tenant: str | None,
) -> None:
    before = state(untouched, inbox)

    answered = cloud.door.post(DAY_3, key=None, token=make(cloud), tenant=tenant)

    assert answered.status == status
    assert state(untouched, inbox) == before


@pytest.mark.parametrize("key", REFUSED_KEYS.values(), ids=REFUSED_KEYS)
def test_a_wrong_key_is_refused_and_nobody_is_chased(
    cloud: Cloud, untouched: UnpaidBook, inbox: Inbox, key: str
) -> None:
    before = state(untouched, inbox)

    answered = cloud.door.post(DAY_3, key=key, tenant=UNTOUCHED)

    assert (answered.status, answered.json["code"]) == (401, "unauthenticated")
    assert state(untouched, inbox) == before


def test_no_credential_at_all_is_refused(cloud: Cloud) -> None:
    assert cloud.door.post(DAY_3, key=None, tenant=UNTOUCHED).status == 401


@pytest.mark.parametrize("by", ["token", "key"])
def test_both_good_credentials_chase_and_are_named_in_the_audit_log(
    cloud: Cloud, sandbox: RunningSandbox, by: str
) -> None:
    book = unpaid_book(sandbox, by, documents=cloud.documents, objects=cloud.bucket)

    key, token = (KEY, None) if by == "key" else (None, cloud.token())
    answered = cloud.door.post(DAY_3, key=key, token=token, tenant=by)

    assert (answered.status, answered.json["processed"], answered.json["failures"]) == (200, 6, [])
    assert book.world.taken() == [4900]
    records = [record for batch in book.world.collection("audit") for record in batch.fields["records"]]  # type: ignore[union-attr]
    chased = {record["actor"] for record in records if record["event"].startswith("dunning.")}  # type: ignore[index,call-overload,union-attr]
    assert chased >= {SCHEDULER if by == "token" else "internal-key"}
