"""Who may start the billing run over HTTP, on Firestore and Cloud Storage: anybody else is refused, nothing changes."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from billing.ports import Query
from tests.firestore_emulator import firestore
from tests.functions.cloud import AUDIENCE, SCHEDULER, Cloud, cloud_doors
from tests.functions.running_door import KEY
from tests.functions.small_tenants import AMOUNT, add_tenant, everything
from tests.oidc_issuer import OidcIssuer, signed_with_secret, unsigned

__all__ = ["firestore"]

pytestmark = pytest.mark.emulator

UNTOUCHED = "untouched"
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def cloud(firestore: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """With one tenant that is due for as long as nobody gets in."""
    with cloud_doors(tmp_path_factory.mktemp("cloud"), emulator=firestore) as started:
        add_tenant(started.documents, UNTOUCHED)
        yield started


def now() -> datetime:
    return datetime.now(UTC)


REFUSED_TOKENS: dict[str, tuple[Callable[[Cloud], str], int]] = {
    "another audience": (lambda cloud: cloud.token(audience="https://elsewhere.example.com"), 401),
    "another function's audience": (lambda cloud: cloud.token(audience=AUDIENCE + "/"), 401),
    "another issuer": (lambda cloud: cloud.token(iss="https://accounts.example.com"), 401),
    "expired": (lambda cloud: cloud.token(now=now() - 2 * HOUR), 401),
    "not valid yet": (lambda cloud: cloud.token(now=now() + HOUR), 401),
    "another account": (lambda cloud: cloud.token(email="mallory@evil.iam.gserviceaccount.com"), 403),
    "an e-mail that is not verified": (lambda cloud: cloud.token(email_verified=False), 403),
    "no e-mail": (lambda cloud: cloud.token(email_verified=None), 403),
    "a stranger's key": (lambda _: strangers_token(), 401),
    "signed by nobody": (lambda cloud: unsigned(claims(cloud), kid=cloud.issuer.kid), 401),
    "signed with the public key": (
        lambda cloud: signed_with_secret(claims(cloud), secret=cloud.issuer.public_pem(), kid=cloud.issuer.kid),
        401,
    ),
    "changed": (lambda cloud: cloud.token()[:-4] + "AAAA", 401),
    "its signature removed by the platform": (
        lambda cloud: cloud.token().rpartition(".")[0] + ".SIGNATURE_REMOVED_BY_GOOGLE",
        401,
    ),
    "no token": (lambda _: "abc", 401),
    "far too long": (lambda _: "a" * 6000, 401),
}
REFUSED_KEYS = {
    "wrong": "b-key-for-tests-0123456789abcdef",
    "empty": "",
    "shortened": KEY[:-1],
    "lengthened": KEY + "f",
    "in capitals": KEY.upper(),
    "twice": f"{KEY},{KEY}",
    "the variable's name": "INTERNAL_API_KEY",
}


def strangers_token() -> str:
    with OidcIssuer() as stranger:
        return stranger.token(audience=AUDIENCE, email=SCHEDULER, now=now())


def claims(cloud: Cloud) -> dict[str, object]:
    return cloud.issuer.claims(audience=AUDIENCE, email=SCHEDULER, now=now())


@pytest.mark.parametrize(("make", "status"), REFUSED_TOKENS.values(), ids=REFUSED_TOKENS)
@pytest.mark.parametrize("tenant", [UNTOUCHED, None], ids=["one tenant", "all"])
def test_a_token_that_is_not_the_schedulers_is_refused_and_changes_nothing(
    cloud: Cloud, make: Callable[[Cloud], str], status: int, tenant: str | None
) -> None:
    before = everything(cloud.documents, [UNTOUCHED])

    answered = cloud.door.post(key=None, token=make(cloud), tenant=tenant)

    assert answered.status == status
    assert ("www-authenticate" in answered.headers) == (status == 401)
    assert everything(cloud.documents, [UNTOUCHED]) == before
    assert cloud.objects(UNTOUCHED, suffix="") == {}


@pytest.mark.parametrize("key", REFUSED_KEYS.values(), ids=REFUSED_KEYS)
def test_a_wrong_key_is_refused_and_changes_nothing(cloud: Cloud, key: str) -> None:
    before = everything(cloud.documents, [UNTOUCHED])

    answered = cloud.door.post(key=key, tenant=UNTOUCHED)

    assert (answered.status, answered.json["code"]) == (401, "unauthenticated")
    assert everything(cloud.documents, [UNTOUCHED]) == before
    assert cloud.objects(UNTOUCHED, suffix="") == {}


def test_no_credential_at_all_is_refused(cloud: Cloud) -> None:
    assert cloud.door.post(key=None, tenant=UNTOUCHED).status == 401


def test_a_good_key_does_not_excuse_a_bad_token(cloud: Cloud) -> None:
    assert cloud.door.post(key=KEY, token=cloud.token(audience="https://elsewhere.example.com")).status == 401


def test_a_good_token_does_not_excuse_a_bad_key(cloud: Cloud) -> None:
    assert cloud.door.post(key="wrong", token=cloud.token()).status == 401


def test_a_token_without_its_scheme_is_refused(cloud: Cloud) -> None:
    answered = cloud.door.post(key=None, headers={"Authorization": cloud.token()})

    assert answered.status == 401


@pytest.mark.parametrize("by_token", [True, False], ids=["the scheduler's token", "the internal key"])
def test_both_good_credentials_bill_and_are_named_in_the_audit_log(cloud: Cloud, by_token: bool) -> None:
    tenant = f"billed-by-{'token' if by_token else 'key'}"
    add_tenant(cloud.documents, tenant)

    answered = cloud.door.post(key=None if by_token else KEY, token=cloud.token() if by_token else None, tenant=tenant)

    assert [each["amount"] for each in answered.json["invoices"]] == [AMOUNT]
    assert answered.json["unsettled"] == 0
    assert len(cloud.objects(tenant, suffix=".pdf")) == len(cloud.objects(tenant, suffix=".json")) == 1
    batches = cloud.documents.query(Query(f"tenants/{tenant}/audit"))
    actors = {record["actor"] for batch in batches for record in batch.fields["records"]}  # type: ignore[union-attr,index,call-overload]
    assert actors == {SCHEDULER if by_token else "internal-key"}


@pytest.mark.usefixtures("firestore")  # else the test's own client would look for credentials
def test_a_firestore_that_is_away_asks_to_call_again_later(tmp_path_factory: pytest.TempPathFactory) -> None:
    nobody = "127.0.0.1:9"  # the discard port
    with cloud_doors(tmp_path_factory.mktemp("away"), emulator=nobody) as away:
        answered = away.door.post(tenant="acme")

        assert (answered.status, answered.json["code"]) == (503, "store_unavailable")
        assert int(answered.headers["retry-after"]) > 0
        assert "127.0.0.1" not in answered.json["error"]


def test_an_issuer_that_is_away_lets_nobody_in(firestore: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    with cloud_doors(tmp_path_factory.mktemp("issuer"), emulator=firestore) as cloud:
        cloud.issuer.answers = (500, b"")
        answered = cloud.door.post(key=None, token=cloud.token())

        assert (answered.status, answered.json["code"]) == (503, "keys_unavailable")
        assert cloud.door.post(key=KEY).status == 200
