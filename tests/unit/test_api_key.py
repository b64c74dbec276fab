"""API keys: 256 random bits behind a public beginning; what is stored opens nothing."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from billing.domain.api_key import ApiKey, KeyToken, new_token, read_token, scopes_in_order, token_hash, token_prefix
from billing.domain.errors import InvalidInput
from billing.domain.member import Role
from tests.builders import utc

SECRET = "AbC_-" + "9" * 38
TEXT = f"bk_acme-api.0123456789abcdef.{SECRET}"
MADE = utc("2026-03-01")


def a_key(**changes: object) -> ApiKey:
    key = ApiKey(
        id="0123456789abcdef",
        name="usage import",
        role=Role.STAFF,
        prefix="bk_acme-api.0123456789abcdef",
        hash=token_hash(TEXT),
        created_at=MADE,
        created_by="cli",
    )
    return replace(key, **changes)  # type: ignore[arg-type]


def test_a_key_names_its_tenant_and_its_record() -> None:
    token = new_token("acme-api", key_id="0123456789abcdef", secret=SECRET)
    assert token == KeyToken(tenant_id="acme-api", key_id="0123456789abcdef", text=TEXT)
    assert read_token(TEXT) == token
    assert token_prefix(token) == "bk_acme-api.0123456789abcdef"
    assert SECRET not in repr(token)


@pytest.mark.parametrize(
    ("tenant", "key_id", "secret"),
    [
        ("a.b", "0123456789abcdef", SECRET),
        ("a/b", "0123456789abcdef", SECRET),
        ("acme", "0123456789ABCDEF", SECRET),
        ("acme", "short", SECRET),
        ("acme", "0123456789abcdef", SECRET[:-1]),
    ],
)
def test_parts_that_make_no_key_are_refused_without_showing_the_secret(tenant: str, key_id: str, secret: str) -> None:
    with pytest.raises(InvalidInput, match="256 bits") as refused:
        new_token(tenant, key_id=key_id, secret=secret)
    assert secret not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["", "bk_", TEXT[:-1], TEXT + "0", TEXT + "\n", TEXT.replace("_acme", "_-acme"), "ключ"]
)
def test_any_other_text_is_no_key(text: str) -> None:
    assert read_token(text) is None


def test_only_the_very_key_opens_what_its_digest_stands_for() -> None:
    token = read_token(TEXT)
    assert token is not None
    assert token.opens(sha256(TEXT.encode()).hexdigest())
    assert not token.opens(token_hash(TEXT + "0"))
    assert not token.opens("")


def test_digests_of_one_length_are_compared_whatever_is_presented() -> None:
    compared: list[tuple[int, int]] = []

    def equal(one: str, other: str) -> bool:
        compared.append((len(one), len(other)))
        return False

    token = read_token(TEXT)
    assert token is not None
    token.opens("0" * 64, equal=equal)
    assert compared == [(64, 64)]


def test_a_key_is_valid_before_its_end_and_until_it_is_revoked() -> None:
    end = MADE + timedelta(days=1)
    second = timedelta(seconds=1)
    assert a_key().is_valid(at=MADE + timedelta(days=9999))
    assert [a_key(expires_at=end).is_valid(at=at) for at in (end - second, end)] == [True, False]
    assert not a_key(revoked_at=MADE).is_valid(at=MADE)


@pytest.mark.parametrize(
    ("scopes", "needed", "allowed"),
    [
        ((), None, True),
        ((), "invoices:write", True),
        (("usage:write",), "usage:write", True),
        (("usage:write",), "usage:read", True),
        (("usage:read",), "usage:write", False),
        (("usage:write",), "invoices:read", False),
        (("usage:write",), None, False),
    ],
)
def test_scopes_narrow_a_key_and_who_may_write_may_read(
    scopes: tuple[str, ...], needed: str | None, allowed: bool
) -> None:
    assert a_key(scopes=scopes).allows(needed) is allowed


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "n" * 101}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"scopes": ("usage",)}, "scopes"),
        ({"scopes": ("members:write",)}, "scopes"),
        ({"scopes": ("api-keys:write",)}, "scopes"),
        ({"expires_at": MADE}, "expires_at"),
    ],
)
def test_a_key_that_can_t_be_is_refused_by_its_field(changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput, match=f"^{field}: expected"):
        a_key(**changes)


def test_each_scope_is_named_once() -> None:
    assert scopes_in_order(["usage:write", "audit:read", "usage:write"]) == ("audit:read", "usage:write")
