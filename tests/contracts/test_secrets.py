"""Secrets from the environment and from Secret Manager's own client over a server of ours."""

from collections.abc import Callable
from datetime import timedelta

import grpc
import pytest
from google.cloud.secretmanager_v1.types import SecretVersion

from billing.adapters.environment_secrets import EnvironmentSecrets
from billing.adapters.secret_manager import SecretManagerSecrets, crc32c
from billing.ports import Secrets, StoreUnavailable
from tests.google_servers import SecretManagerServer
from tests.managed_secrets import Clock, clock, server

__all__ = ["clock", "server"]

NAME = "INTERNAL_API_KEY"


@pytest.fixture
def managed(server: SecretManagerServer, clock: Clock) -> SecretManagerSecrets:
    return SecretManagerSecrets("acme", clock=clock, client=server.client())


Configure = Callable[..., Secrets]


@pytest.fixture(params=["environment", "secret manager"])
def configured(request: pytest.FixtureRequest) -> Configure:
    """A store in which NAME has these versions, the oldest first."""

    def in_the_environment(*versions: str) -> Secrets:
        names = (f"{NAME}_PREVIOUS", NAME)[-len(versions) :] if versions else ()
        return EnvironmentSecrets(dict(zip(names, versions, strict=True)))

    def in_secret_manager(*versions: str) -> Secrets:
        server: SecretManagerServer = request.getfixturevalue("server")
        for version in versions:
            server.add(NAME, version.encode())
        secrets: Secrets = request.getfixturevalue("managed")
        return secrets

    return in_the_environment if request.param == "environment" else in_secret_manager


def test_a_secret_that_is_not_configured_has_no_version(configured: Configure) -> None:
    assert configured().get(NAME) == ()


def test_one_version_is_valid_alone(configured: Configure) -> None:
    assert configured("the first key").get(NAME) == ("the first key",)


def test_during_a_rotation_both_versions_are_valid_newest_first(configured: Configure) -> None:
    assert configured("the old key", "the new key").get(NAME) == ("the new key", "the old key")


def test_a_blank_version_is_no_version(configured: Configure) -> None:
    assert configured("the old key", " \n").get(NAME) == ("the old key",)


def test_the_line_end_that_echo_adds_is_no_part_of_a_secret(configured: Configure) -> None:
    assert configured("the key\r\n").get(NAME) == ("the key",)


def test_other_names_stay_apart(configured: Configure) -> None:
    assert configured("the key").get("ANOTHER_KEY") == ()


def test_variables_are_not_shown_when_printed() -> None:
    assert "hidden" not in repr(EnvironmentSecrets({NAME: "hidden"}))


def test_only_the_two_newest_enabled_versions_are_valid(
    server: SecretManagerServer, managed: SecretManagerSecrets
) -> None:
    for number in range(1, 13):  # two digits: 12 is newer than 9
        server.add(NAME, f"key {number}".encode())
    server.secrets[f"projects/acme/secrets/{NAME}"][11].state = SecretVersion.State.DISABLED
    server.secrets[f"projects/acme/secrets/{NAME}"][9].state = SecretVersion.State.DESTROYED

    assert managed.get(NAME) == ("key 11", "key 9")
    assert server.calls == ["list", "access", "access"]


def test_a_version_disabled_between_the_list_and_the_reading_is_left_out(
    server: SecretManagerServer, managed: SecretManagerSecrets
) -> None:
    server.add(NAME, b"old")
    server.add(NAME, b"new")
    server.disabled_between = "2"

    assert managed.get(NAME) == ("old",)


def test_an_answer_is_kept_for_five_minutes_and_then_asked_for_again(
    server: SecretManagerServer, managed: SecretManagerSecrets, clock: Clock
) -> None:
    old = server.add(NAME, b"old")
    assert managed.get(NAME) == ("old",)
    old.state = SecretVersion.State.DISABLED
    server.add(NAME, b"new")

    clock.instant += timedelta(minutes=4, seconds=59)
    assert managed.get(NAME) == ("old",)
    clock.instant += timedelta(seconds=1)
    assert managed.get(NAME) == ("new",)
    assert server.calls == ["list", "access", "list", "access"]


def test_a_missing_secret_is_not_asked_for_at_every_call(
    server: SecretManagerServer, managed: SecretManagerSecrets
) -> None:
    assert [managed.get(NAME), managed.get(NAME)] == [(), ()]
    assert server.calls == ["list"]


def test_a_payload_with_its_checksum_is_taken_and_a_damaged_one_refused(
    server: SecretManagerServer, managed: SecretManagerSecrets
) -> None:
    server.add("WHOLE", b"123456789", checksum=0xE3069283)
    server.add("DAMAGED", b"123456788", checksum=0xE3069283)

    assert managed.get("WHOLE") == ("123456789",)
    with pytest.raises(StoreUnavailable, match=r"^Secret Manager did not answer: .*DAMAGED/versions/1 arrived damaged"):
        managed.get("DAMAGED")


@pytest.mark.parametrize(
    ("body", "checksum"),
    [
        (b"123456789", 0xE3069283),  # the check value of CRC-32C in Koopman's and Williams' catalogues
        (b"", 0),
        (bytes(32), 0x8A9136AA),  # these three: RFC 3720, appendix B.4
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
    ],
)
def test_the_checksum_is_castagnolis(body: bytes, checksum: int) -> None:
    assert crc32c(body) == checksum


def test_an_outage_is_told_and_never_taken_for_a_missing_secret(
    server: SecretManagerServer, managed: SecretManagerSecrets
) -> None:
    server.add(NAME, b"key")
    server.refuses_with = grpc.StatusCode.INTERNAL
    with pytest.raises(StoreUnavailable, match=r"^Secret Manager did not answer: as the test wants it$"):
        managed.get(NAME)
    server.refuses_with = None

    assert managed.get(NAME) == ("key",)
