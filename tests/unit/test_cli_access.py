"""`billing members` and `billing api-keys`; and the development token, which its own directory alone believes."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from billing.api.front_door import FrontDoor, trusted_by
from billing.api.oidc import OidcTrust
from billing.api.problem import Unauthenticated
from billing.cli.local_keys import local_keys
from billing.domain.member import member_id
from billing.store.tenants import Tenants
from billing.wiring import local_engine
from tests.builders import a_tenant
from tests.command_line import answer, billing

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A seller without books."""
    engine = local_engine(tmp_path, payment_link_base="")
    engine.documents.commit([Tenants(engine.documents).saving(a_tenant())])
    return tmp_path


def test_members_are_added_listed_changed_and_removed(directory: Path) -> None:
    at = ("--dir", directory)
    added = answer(billing("members", "add", "Ada@acme.test", "--role", "admin", *at, "--json"))
    assert (added["id"], added["identity"], added["added_by"]) == (member_id("ada@acme.test"), "ada@acme.test", "cli")
    said = billing("members", "add", "firebase:Vq3xT", "--role", "viewer", *at)
    assert said.stdout.startswith("firebase:Vq3xT is viewer of acme now (mem_")
    assert billing("members", "set-role", "firebase:Vq3xT", "--role", "staff", *at).exit_code == 0
    listed = answer(billing("members", "list", *at, "--json"))["members"]
    assert [(each["identity"], each["role"]) for each in listed] == [
        ("ada@acme.test", "admin"),
        ("firebase:Vq3xT", "staff"),
    ]
    removed = billing("members", "remove", listed[1]["id"], *at)
    assert removed.stdout == "firebase:Vq3xT is no member of acme any more\n"
    assert "ada@acme.test  admin" in billing("members", "list", *at).stdout


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("remove", "ada@acme.test"), "is the last admin"),
        (("set-role", "ada@acme.test", "--role", "viewer"), "is the last admin"),
        (("add", "ada@acme.test", "--role", "viewer"), "is a member already"),
        (("add", "ada", "--role", "viewer"), "expected an e-mail address in ASCII"),
        (("remove", "grace@acme.test"), "no member 'mem_"),
        (("remove", "mem_nobody"), "no member 'mem_nobody'"),
        (("add", "grace@acme.test", "--role", "owner"), "owner"),
    ],
)
def test_what_can_t_be_done_is_said_in_a_line_with_code_2(directory: Path, command: tuple[str, ...], said: str) -> None:
    billing("members", "add", "ada@acme.test", "--role", "admin", "--dir", directory)
    refused = billing("members", *command, "--dir", directory)
    assert (refused.exit_code, said in refused.stderr) == (2, True)


def test_a_key_is_made_listed_and_revoked_and_shown_once(directory: Path) -> None:
    at = ("--dir", directory)
    options = ("--role", "staff", "--scope", "usage:write", "--expires", "2999-01-01")
    refused = billing("api-keys", "create", "usage import", *options, *at)
    assert (refused.exit_code, "--expires" in refused.stderr) == (2, True)
    said = billing("api-keys", "create", "usage import", *options[:-1], "2199-01-01", *at)
    key = said.stdout.split("\n")[0]
    assert (key.startswith("bk_acme."), "shown this once" in said.stdout) == (True, True)
    [listed] = answer(billing("api-keys", "list", *at, "--json"))["api_keys"]
    assert (listed["prefix"], listed["scopes"]) == (key.rpartition(".")[0], ["usage:write"])
    assert listed["expires_at"] == "2199-01-01T00:00:00+00:00"
    shown = billing("api-keys", "list", *at).stdout
    assert ("valid until 2199-01-01" in shown, key in shown) == (True, False)
    assert billing("api-keys", "revoke", listed["prefix"], *at).exit_code == 0
    assert "revoked 20" in billing("api-keys", "list", *at).stdout
    assert "no api_key" in billing("api-keys", "revoke", "0123456789abcdef", *at).stderr


def test_a_tenant_without_members_and_keys_says_so(directory: Path) -> None:
    assert "makes the first" in billing("members", "list", "--dir", directory).stdout
    assert "acme has no API keys" in billing("api-keys", "list", "--dir", directory).stdout


def test_a_scope_that_is_none_is_refused(directory: Path) -> None:
    refused = billing("api-keys", "create", "x", "--role", "admin", "--scope", "members:write", "--dir", directory)
    assert (refused.exit_code, refused.stderr.startswith("billing: scopes: expected NOUN:read or")) == (2, True)


def test_the_development_token_is_believed_by_its_directory_for_twelve_hours(tmp_path: Path) -> None:
    keys = local_keys(tmp_path)
    [provider] = keys.trusted.users
    token = keys.token(now=NOW)
    assert provider.user(token, now=NOW + timedelta(hours=12)).subject == "development:developer"
    with pytest.raises(Unauthenticated):
        provider.user(token, now=NOW + timedelta(hours=12, seconds=60))
    assert local_keys(tmp_path).token(now=NOW) == token
    [other] = local_keys(tmp_path / "other").trusted.users
    with pytest.raises(Unauthenticated):
        other.user(token, now=NOW)


def test_no_deployed_function_believes_a_development_token(tmp_path: Path) -> None:
    """What the environment can configure has providers of two kinds, and neither takes its issuer."""
    door = FrontDoor(firebase_project="billing-serve", google_client_ids=("billing-serve",))
    providers = trusted_by(door, oidc=OidcTrust()).users
    meant = [each.is_meant(issuer="billing-serve", audiences=frozenset({"billing-serve"})) for each in providers]
    assert meant == [False, False]


def test_the_keys_of_a_directory_are_for_its_owner_alone(tmp_path: Path) -> None:
    local_keys(tmp_path)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()}
    assert modes == {"internal": 0o600, "issuer.pem": 0o600}
    assert repr(local_keys(tmp_path)) == "LocalKeys()"
