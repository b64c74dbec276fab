"""Members: each role may do what the one before it may, and an identity has one form, which no look-alike has."""

from hashlib import sha256

import pytest

from billing.domain.errors import InvalidInput
from billing.domain.member import LastAdmin, Member, MemberExists, Role, checked_identity, member_id
from tests.builders import utc


def a_member(identity: str = "ada@acme.test", role: Role = Role.ADMIN) -> Member:
    return Member(identity=identity, role=role, added_by="cli", added_at=utc("2026-03-01"))


@pytest.mark.parametrize(
    ("role", "covered"),
    [
        (Role.VIEWER, {Role.VIEWER}),
        (Role.STAFF, {Role.VIEWER, Role.STAFF}),
        (Role.ADMIN, {Role.VIEWER, Role.STAFF, Role.ADMIN}),
    ],
)
def test_a_role_covers_itself_and_those_below(role: Role, covered: set[Role]) -> None:
    assert {each for each in Role if role.covers(each)} == covered


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("ada@acme.test", "ada@acme.test"),
        (" Ada.Lovelace+billing@Acme.TEST ", "ada.lovelace+billing@acme.test"),
        ("o'neil@acme.test", "o'neil@acme.test"),
        ("firebase:Vq3xT", "firebase:Vq3xT"),
        ("google:112233445566778899000", "google:112233445566778899000"),
    ],
)
def test_an_identity_is_kept_in_one_form(given: str, stored: str) -> None:
    assert checked_identity(given) == stored


@pytest.mark.parametrize(
    "given",
    [
        "",
        "ada",
        "ada@acme",
        "ada@@acme.test",
        "ada@acme.test\nx",
        "ada lovelace@acme.test",
        "firebase:",
        "firebase:two words",
        "development:developer",
        f"{'a' * 65}@acme.test",
        f"a@{'b' * 250}.test",
        "\N{KELVIN SIGN}im@acme.test",  # small, it is the k of ASCII
        "\N{CYRILLIC SMALL LETTER A}da@acme.test",
    ],
)
def test_what_no_token_proves_is_no_identity(given: str) -> None:
    with pytest.raises(InvalidInput, match="identity: expected an e-mail address in ASCII, firebase:UID or google"):
        checked_identity(given)


def test_the_id_is_opaque_and_follows_from_the_identity() -> None:
    assert a_member().id == member_id("ada@acme.test")
    assert a_member().id == f"mem_{sha256(b'ada@acme.test').hexdigest()[:24]}"


def test_a_member_in_another_form_than_the_one_can_t_be() -> None:
    with pytest.raises(InvalidInput, match="small letters"):
        a_member("Ada@acme.test")


def test_refusals_name_the_member() -> None:
    assert str(LastAdmin(a_member())).startswith(f"member {a_member().id} is the last admin")
    assert str(MemberExists(a_member())).startswith("ada@acme.test is a member already")
