"""Who gets into the API over HTTP, and in which order the others are refused."""

import http.client
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from billing.api.identity import Trusted
from billing.api.oidc import OidcTrust, TokenVerifier
from billing.api.user_tokens import firebase_users, google_users
from billing.domain.member import Role
from billing.usecases.api_keys import revoke_api_key
from tests.functions.api_door import RETIRING_KEY, ApiDoor, running_api_door
from tests.functions.running_door import KEY
from tests.functions.served_app import START
from tests.oidc_issuer import OidcIssuer, signed_with_secret, unsigned

PROJECT = "acme-billing"
FIREBASE = f"https://securetoken.google.com/{PROJECT}"
CLIENT = "1234.apps.googleusercontent.com"
THIS = "https://api-proxy.example.run.app"
JOBS = "jobs@billing-prod.iam.gserviceaccount.com"
ME = "/api/billing/me"
HOUR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A door, the issuer whose keys it believes, and the tokens that the issuer makes."""

    door: ApiDoor
    issuer: OidcIssuer

    def firebase(self, *, now: datetime | None = None, **changed: object) -> str:
        """Ada's token of Firebase: `firebase:ada-uid`, ada@acme.test."""
        return self.issuer.sign(self.claims(now=now, **changed))

    def claims(self, *, now: datetime | None = None, **changed: object) -> dict[str, object]:
        usual = {"iss": FIREBASE, "sub": "ada-uid"} | changed
        return self.issuer.claims(audience=PROJECT, email="ada@acme.test", now=now or self.door.clock.now()) | usual

    def google(self, **changed: object) -> str:
        usual = {"sub": "9988", "audience": CLIENT, "email": "ada@acme.test"} | changed
        return self.issuer.token(now=self.door.clock.now(), **usual)  # type: ignore[arg-type]

    def service(self, **changed: object) -> str:
        usual = {"audience": THIS, "email": JOBS} | changed
        return self.issuer.token(now=self.door.clock.now(), **usual)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signed]:
    with OidcIssuer() as issuer:
        oidc = OidcTrust(
            audiences=(THIS,),
            service_accounts=frozenset({JOBS}),
            issuers=(issuer.url,),
            certs_url=issuer.certs_url,
        )
        users = (
            firebase_users(PROJECT, certs_url=issuer.certs_url),
            google_users([CLIENT], issuers=[issuer.url], certs_url=issuer.certs_url),
        )
        trusted = Trusted(machines=TokenVerifier(oidc), users=users)
        with running_api_door(tmp_path_factory.mktemp("api"), trusted=trusted) as door:
            door.member("ada@acme.test", Role.ADMIN)
            door.member("firebase:grace-uid", Role.VIEWER)
            door.member("google:7766", Role.STAFF)
            yield Signed(door=door, issuer=issuer)


def test_a_user_with_a_verified_address_has_the_role_of_the_member(signed: Signed) -> None:
    assert signed.door.ask("GET", ME, token=signed.firebase()).json == {
        "tenant_id": "acme",
        "kind": "user",
        "name": "user:ada@acme.test",
        "role": "admin",
        "scopes": [],
    }
    assert signed.door.ask("GET", ME, token=signed.google()).json["role"] == "admin"
    assert signed.door.ask("GET", ME, token=signed.firebase(email="ADA@acme.TEST")).json["role"] == "admin"


def test_a_user_known_by_id_needs_no_address(signed: Signed) -> None:
    grace = signed.firebase(sub="grace-uid", email=None, email_verified=None)
    assert signed.door.ask("GET", ME, token=grace).json["name"] == "user:firebase:grace-uid"
    assert signed.door.ask("GET", ME, token=signed.google(sub="7766", email="h@else.test")).json["role"] == "staff"


def test_of_two_memberships_the_higher_counts(signed: Signed) -> None:
    assert signed.door.ask("GET", ME, token=signed.firebase(sub="grace-uid")).json["role"] == "admin"


NO_MEMBER: dict[str, Callable[[Signed], str]] = {
    "a stranger": lambda it: it.firebase(sub="x", email="eve@evil.test"),
    "an address that was never verified": lambda it: it.firebase(email_verified=False),
    "an address that says nothing of its proof": lambda it: it.firebase(email_verified=None),
    "verified as text": lambda it: it.firebase(email_verified="true"),
    "a look-alike": lambda it: it.firebase(email="\N{CYRILLIC SMALL LETTER A}da@acme.test"),
    "the uid of a member, from another provider": lambda it: it.google(sub="grace-uid", email="eve@evil.test"),
    "a subject that names another provider": lambda it: it.google(sub="firebase:grace-uid", email="eve@evil.test"),
    "a service account that is none of ours": lambda it: it.service(email="eve@evil.iam.gserviceaccount.com"),
}


@pytest.mark.parametrize("make", NO_MEMBER.values(), ids=NO_MEMBER)
def test_who_is_no_member_is_forbidden(signed: Signed, make: Callable[[Signed], str]) -> None:
    answered = signed.door.ask("GET", ME, token=make(signed))
    assert (answered.status, answered.json["detail"]) == (403, "this caller may not do this")


FORGED: dict[str, Callable[[Signed], str]] = {
    "another project": lambda it: it.firebase(iss="https://securetoken.google.com/other", aud="other-project"),
    "another project's issuer": lambda it: it.firebase(iss="https://securetoken.google.com/other-project"),
    "another audience": lambda it: it.firebase(aud="other-project"),
    "the audience of Google's client from Firebase": lambda it: it.firebase(aud=CLIENT),
    "no audience": lambda it: it.issuer.sign({k: v for k, v in it.claims().items() if k != "aud"}),
    "no subject": lambda it: it.firebase(sub=""),
    "a subject that is no text": lambda it: it.firebase(sub=7),
    "expired": lambda it: it.firebase(now=START - 2 * HOUR),
    "not issued yet": lambda it: it.firebase(now=START + HOUR),
    "signed in later": lambda it: it.firebase(auth_time=int((START + HOUR).timestamp())),
    "signed by nobody": lambda it: unsigned(it.claims(), kid=it.issuer.kid),
    "signed with the public key": lambda it: signed_with_secret(
        it.claims(), secret=it.issuer.public_pem(), kid=it.issuer.kid
    ),
    "a made-up key": lambda it: it.issuer.sign(it.claims(), kid="made-up"),
    "another's key": lambda it: strangers_token(it.claims()),
    "changed": lambda it: it.firebase()[:-4] + "AAAA",
    "a custom token, which the account signs for itself": lambda it: it.issuer.sign(
        {**it.claims(), "iss": JOBS, "aud": "https://identitytoolkit.googleapis.com/google.identity"}
    ),
    "no token": lambda _: "abc",
    "three parts of nothing": lambda _: "a.b.c",
    "far too long": lambda _: "a" * 9000,
    "a key of nobody's": lambda _: f"bk_acme.0123456789abcdef.{'A' * 43}",
    "a key of a tenant that there is none of": lambda _: f"bk_nobody.0123456789abcdef.{'A' * 43}",
    "half a key": lambda _: "bk_acme",
}


def strangers_token(claims: dict[str, object]) -> str:
    with OidcIssuer() as stranger:
        return stranger.sign(claims)


@pytest.mark.parametrize("make", FORGED.values(), ids=FORGED)
def test_a_token_that_proves_nothing_is_refused_in_one_sentence(signed: Signed, make: Callable[[Signed], str]) -> None:
    answered = signed.door.ask("GET", ME, token=make(signed))
    assert (answered.status, answered.json["code"]) == (401, "unauthenticated")
    assert answered.json["detail"] == "the bearer token is missing or invalid"
    assert answered.headers["www-authenticate"] == 'Bearer realm="billing"'


def test_a_service_account_and_the_internal_key_are_admin_of_every_tenant(signed: Signed) -> None:
    for tenant in ("acme", "umbra"):
        by_token = signed.door.ask("GET", ME, token=signed.service(), tenant=tenant).json
        assert (by_token["kind"], by_token["name"], by_token["role"]) == ("scheduler", JOBS, "admin")
        by_key = signed.door.ask("GET", ME, sent={"x-internal-key": KEY}, tenant=tenant).json
        assert (by_key["kind"], by_key["name"], by_key["role"]) == ("internal_key", "internal-key", "admin")


def test_refusals_come_in_their_order(signed: Signed) -> None:
    """The body is no JSON throughout: nobody is told so before he has proved that he may."""
    door, grace = signed.door, signed.firebase(sub="grace-uid", email=None)
    asked = [
        (None, None),
        ("nobody", None),
        (None, grace),
        ("umbra", grace),
        ("nobody", grace),
        ("acme", grace),
        ("acme", signed.firebase()),
    ]
    statuses = [
        door.ask("POST", "/api/billing/members", body=b"{", tenant=tenant, token=token).status
        for tenant, token in asked
    ]
    assert statuses == [401, 401, 400, 403, 403, 403, 400]


@pytest.mark.parametrize("tenant", ["umbra", "nobody", "../acme", "acme/x", "a" * 200, "acm\xe9", "acme,umbra"])
def test_no_answer_tells_whether_a_tenant_exists(signed: Signed, tenant: str) -> None:
    answered = signed.door.ask("GET", ME, token=signed.firebase(), tenant=tenant)
    same = signed.door.ask("GET", ME, token=signed.firebase(), tenant="umbra")
    assert (answered.status, answered.json["detail"]) == (same.status, same.json["detail"])
    assert answered.status == 403
    by_key = signed.door.ask("GET", ME, sent={"x-internal-key": KEY}, tenant="nobody")
    assert (by_key.status, by_key.json["detail"]) == (403, same.json["detail"])


def test_an_api_key_names_its_tenant_and_opens_no_other(signed: Signed) -> None:
    key = signed.door.key(Role.STAFF)
    for sent in ({"Authorization": f"Bearer {key}"}, {"x-api-key": key}):
        assert signed.door.ask("GET", ME, sent=sent, tenant=None).json["role"] == "staff"
        assert signed.door.ask("GET", ME, sent=sent, tenant="acme").status == 200
        assert signed.door.ask("GET", ME, sent=sent, tenant="umbra").status == 403
    assert signed.door.ask("GET", ME, sent={"x-internal-key": key}).status == 401
    assert signed.door.ask("GET", ME, sent={"x-api-key": KEY}).json["detail"] == "x-api-key is missing or invalid"


def test_a_key_ends_when_it_is_revoked_and_when_its_time_is_over(signed: Signed) -> None:
    door = signed.door
    revoked, ends = door.key(Role.VIEWER), door.key(Role.VIEWER, expires_at=START + HOUR)
    assert door.ask("GET", ME, token=revoked).status == 200
    revoke_api_key(door.documents, revoked.split(".")[1], call=door.call())
    assert door.ask("GET", ME, token=revoked).status == 401
    assert door.ask("GET", ME, token=ends).status == 200
    door.clock.at = START + HOUR
    try:
        assert door.ask("GET", ME, token=ends).json["detail"] == "the bearer token is missing or invalid"
    finally:
        door.clock.at = START


def test_scopes_open_what_they_name_and_nothing_that_persons_decide(signed: Signed) -> None:
    door = signed.door
    narrow, wide = door.key(Role.ADMIN, "customers:read", "settings:write"), door.key(Role.ADMIN)
    paths = ("/api/billing/customers", "/api/billing/settings", "/api/billing/invoices", "/api/billing/members")
    assert [door.ask("GET", path, token=narrow).status for path in paths] == [200, 200, 403, 403]
    assert door.ask("GET", "/api/billing/api-keys", token=narrow).status == 403
    assert [door.ask("GET", path, token=wide).status for path in paths] == [200, 200, 200, 200]


def test_every_key_learns_what_it_may_do_whatever_its_scopes(signed: Signed) -> None:
    door = signed.door
    for scopes in (["usage:write"], ["invoices:read", "reports:read"], []):
        answered = door.ask("GET", ME, token=door.key(Role.VIEWER, *scopes))
        assert (answered.status, answered.json["role"], answered.json["scopes"]) == (200, "viewer", scopes)
    assert door.ask("GET", ME, token="bk_acme.0000000000000000." + 43 * "a").status == 401


def test_a_role_that_is_not_enough_is_forbidden(signed: Signed) -> None:
    viewer = signed.door.key(Role.VIEWER)
    assert signed.door.ask("GET", "/api/billing/customers", token=viewer).status == 200
    assert signed.door.ask("PATCH", "/api/billing/settings", token=viewer, body={"settings": {}}).status == 403


def test_whatever_is_presented_must_be_valid_and_the_token_names_the_caller(signed: Signed) -> None:
    door, internal = signed.door, {"x-internal-key": KEY}
    assert door.ask("GET", ME, token=signed.firebase(), sent=internal).json["kind"] == "user"
    assert door.ask("GET", ME, token="a.b.c", sent=internal).status == 401
    assert door.ask("GET", ME, token=signed.firebase(), sent={"x-internal-key": "wrong"}).status == 401
    eve = signed.firebase(sub="x", email="eve@evil.test")
    assert door.ask("GET", ME, token=eve, sent=internal).status == 403


def test_two_internal_keys_are_valid_so_that_one_can_be_rotated(signed: Signed) -> None:
    keys = [KEY, RETIRING_KEY, KEY[:-1] + "0"]
    assert [signed.door.ask("GET", ME, sent={"x-internal-key": key}).status for key in keys] == [200, 200, 401]


def test_a_header_that_is_sent_twice_is_refused(signed: Signed) -> None:
    """Each part on the way may read another one of them."""
    key = signed.door.key(Role.ADMIN)
    twice = [("X-Tenant-ID", "acme"), ("X-Tenant-ID", "umbra"), ("x-api-key", key)]
    assert raw_status(signed.door, twice) == 400
    assert raw_status(signed.door, [("x-api-key", key), ("x-api-key", key)]) == 401


def raw_status(door: ApiDoor, headers: list[tuple[str, str]]) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=60)
    connection.putrequest("GET", ME)
    for name, value in headers:
        connection.putheader(name, value)
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


def test_the_log_names_the_caller_s_kind_and_nobody(signed: Signed) -> None:
    signed.door.ask("GET", ME, token=signed.firebase(), sent={"X-Request-Id": "named-by-ada"})
    line = signed.door.logged(request_id="named-by-ada")
    assert (line["caller"], line["tenant"], line["route"]) == ("user", "acme", "/api/billing/me")
    signed.door.ask(
        "GET", ME, token=signed.firebase(sub="x", email="eve@evil.test"), sent={"X-Request-Id": "refused-eve"}
    )
    assert "no member of tenant 'acme'" in signed.door.logged(request_id="refused-eve")["reason"]
    said = "".join(str(each) for each in signed.door.log)
    assert not [each for each in ("ada@", "eve@evil.test", "ada-uid", "grace-uid", "bk_", KEY) if each in said]
