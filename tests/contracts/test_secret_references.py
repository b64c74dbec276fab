"""Secrets that a variable refers to (sm://), and what is said where one can't be had: always the command that helps."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial

import grpc
import pytest
from google.cloud.secretmanager_v1.types import SecretVersion

from billing.adapters.environment_secrets import EnvironmentSecrets
from billing.adapters.secret_manager import SecretManagerSecrets
from billing.config import Misconfigured, Settings
from billing.connections import check_secrets
from billing.ports import SecretUnreadable
from tests.google_servers import SecretManagerServer
from tests.managed_secrets import Clock, clock, server

__all__ = ["clock", "server"]

State = SecretVersion.State
Configure = Callable[[Mapping[str, str]], EnvironmentSecrets]


@pytest.fixture
def managed(server: SecretManagerServer, clock: Clock) -> SecretManagerSecrets:
    return SecretManagerSecrets("acme-billing", clock=clock, client=server.client())


@pytest.fixture
def configured(managed: SecretManagerSecrets) -> Configure:
    """The secrets of these variables."""
    return partial(EnvironmentSecrets, project="acme-billing", resolve=managed.resolve)


@pytest.fixture
def stored(server: SecretManagerServer) -> Callable[..., list]:
    """Store a secret with these versions, the oldest first."""

    def store(name: str, *versions: bytes, project: str = "acme-billing") -> list:
        return [server.add(name, version, project=project) for version in versions]

    return store


def test_a_reference_means_the_two_newest_versions_that_are_enabled(
    configured: Configure, stored: Callable[..., list]
) -> None:
    stored("key", b"one", b"two", b"three", project="shared-secrets")

    assert configured({"STRIPE_API_KEY": "sm://shared-secrets/key"}).get("STRIPE_API_KEY") == ("three", "two")


def test_one_without_a_project_means_this_one(configured: Configure, stored: Callable[..., list]) -> None:
    stored("key", b"one")
    assert configured({"STRIPE_API_KEY": " sm://key\n"}).get("STRIPE_API_KEY") == ("one",)


def test_one_with_a_version_means_that_version_alone(configured: Configure, stored: Callable[..., list]) -> None:
    stored("key", b"one", b"two", b"three")
    pinned = configured({"A": "sm://acme-billing/key/2", "B": "sm://acme-billing/key/latest"})

    assert (pinned.get("A"), pinned.get("B")) == (("two",), ("three",))


def test_pinned_versions_are_rotated_by_the_variable_of_the_one_before(
    configured: Configure, stored: Callable[..., list]
) -> None:
    stored("key", b"one", b"two")
    both = {"INTERNAL_API_KEY": "sm://acme-billing/key/2", "INTERNAL_API_KEY_PREVIOUS": "sm://acme-billing/key/1"}

    assert configured(both).get("INTERNAL_API_KEY") == ("two", "one")


def test_a_secret_moves_out_of_the_environment_with_both_valid(
    configured: Configure, stored: Callable[..., list]
) -> None:
    stored("key", b"new")
    moving = {"INTERNAL_API_KEY": "sm://key", "INTERNAL_API_KEY_PREVIOUS": "old"}

    assert configured(moving).get("INTERNAL_API_KEY") == ("new", "old")


def test_what_a_reference_means_is_asked_for_once_in_five_minutes(
    configured: Configure, stored: Callable[..., list], server: SecretManagerServer, clock: Clock
) -> None:
    stored("key", b"old")
    secrets = configured({"STRIPE_API_KEY": "sm://key"})
    assert secrets.get("STRIPE_API_KEY") == ("old",)
    stored("key", b"new")

    clock.instant += timedelta(minutes=4, seconds=59)
    assert secrets.get("STRIPE_API_KEY") == ("old",)
    assert server.calls == ["list", "access"]
    clock.instant += timedelta(seconds=1)
    assert secrets.get("STRIPE_API_KEY") == ("new", "old")


ADD = "add a version: gcloud secrets versions add key --project=acme-billing --data-file=FILE"
CREATE = "make it: gcloud secrets create key --project=acme-billing --replication-policy=automatic --data-file=FILE"
ENABLE = "enable it: gcloud secrets versions enable {} --secret=key --project=acme-billing"


@pytest.mark.parametrize(
    ("states", "reference", "expected"),
    [
        (
            [],
            "sm://key",
            f"there is no such secret, or it has expired; {CREATE}",
        ),
        ([], "sm://acme-billing/key/1", f"it is not there, or has no version 1; {ADD}"),
        ([State.ENABLED], "sm://acme-billing/key/2", f"it is not there, or has no version 2; {ADD}"),
        (
            [State.ENABLED, State.DISABLED],
            "sm://acme-billing/key/2",
            f"version 2 is disabled; {ENABLE.format(2)}, or refer to another one",
        ),
        (
            [State.ENABLED, State.DISABLED],
            "sm://acme-billing/key/latest",
            f"version latest is disabled; {ENABLE.format('NUMBER')}, or refer to another one",
        ),
        (
            [State.DESTROYED, State.ENABLED],
            "sm://acme-billing/key/1",
            f"version 1 is destroyed; {ADD}, and refer to that one",
        ),
        (
            [State.DESTROYED, State.DISABLED],
            "sm://key",
            f"none of its versions is enabled; {ENABLE.format(2)}, or {ADD}",
        ),
    ],
)
def test_what_can_t_be_read_is_told_with_the_command_that_helps(
    configured: Configure, stored: Callable[..., list], states: list[State], reference: str, expected: str
) -> None:
    for version, state in zip(stored("key", *[b"swordfish"] * len(states)), states, strict=True):
        version.state = state

    with pytest.raises(SecretUnreadable) as refused:
        configured({"STRIPE_API_KEY": reference}).get("STRIPE_API_KEY")

    assert str(refused.value) == f"projects/acme-billing/secrets/key: {expected}"


@pytest.mark.parametrize(
    ("reference", "role"),
    [
        ("sm://key", "roles/secretmanager.viewer"),
        ("sm://acme-billing/key/1", "roles/secretmanager.secretAccessor"),
    ],
)
def test_a_missing_permission_is_told_with_the_role_and_is_asked_for_again_at_once(
    configured: Configure, stored: Callable[..., list], server: SecretManagerServer, reference: str, role: str
) -> None:
    stored("key", b"one")
    secrets = configured({"STRIPE_API_KEY": reference})
    server.refuses_with = grpc.StatusCode.PERMISSION_DENIED
    with pytest.raises(SecretUnreadable) as refused:
        secrets.get("STRIPE_API_KEY")
    server.refuses_with = None

    assert str(refused.value) == (
        f"projects/acme-billing/secrets/key: this function's account lacks {role}; grant it: "
        "gcloud secrets add-iam-policy-binding key --project=acme-billing --member=serviceAccount:ACCOUNT "
        f"--role={role}"
    )
    assert secrets.get("STRIPE_API_KEY") == ("one",)


def test_by_its_name_a_secret_may_be_missing_but_not_without_a_version_that_is_enabled(
    managed: SecretManagerSecrets, stored: Callable[..., list]
) -> None:
    assert managed.get("key") == ()
    [version] = stored("other", b"one")
    version.state = State.DISABLED

    with pytest.raises(SecretUnreadable, match="^projects/acme-billing/secrets/other: none of its versions is enabled"):
        managed.get("other")


BASE = {"BILLING_STORE": "sqlite:///data/b.sqlite3", "BILLING_OBJECTS": "file:///data/objects"}


def test_the_start_names_every_secret_that_can_t_be_had(
    managed: SecretManagerSecrets, configured: Configure, stored: Callable[..., list]
) -> None:
    settings = Settings.from_environment(
        BASE
        | {
            "GOOGLE_CLOUD_PROJECT": "acme-billing",
            "BILLING_SECRETS": "secret-manager",
            "BILLING_MAIL": "smtp://jo%40acme.example@mail.example",
            "PAYMENT_LINK_BASE": "https://pay.example",
            "STRIPE_API_KEY_ACME": "sm://other-project/stripe",
        }
    )
    stored("SMTP_PASSWORD", b" \n")
    secrets = EnvironmentSecrets(
        settings.secrets.variables, project="acme-billing", resolve=managed.resolve, otherwise=managed.get
    )
    with pytest.raises(Misconfigured) as refused:
        check_secrets(settings, secrets)

    assert str(refused.value) == (
        "the configuration is not usable:\n"
        "  PAYMENT_LINK_KEY: has no version; payment links (PAYMENT_LINK_BASE) are signed with it: "
        "`openssl rand -hex 32`\n"
        "  SMTP_PASSWORD: has no version; it is the password of jo@acme.example at the mail server (BILLING_MAIL)\n"
        "  STRIPE_API_KEY_ACME: projects/other-project/secrets/stripe: there is no such secret, or it has expired; "
        "make it: gcloud secrets create stripe --project=other-project --replication-policy=automatic --data-file=FILE"
    )
    stored("SMTP_PASSWORD", b"password")


def test_a_start_that_has_all_its_secrets_goes_on(
    managed: SecretManagerSecrets, stored: Callable[..., list], server: SecretManagerServer
) -> None:
    variables = {"PAYMENT_LINK_BASE": "https://pay.example", "PAYMENT_LINK_KEY": "sm://acme-billing/link"}
    settings = Settings.from_environment(BASE | variables)
    stored("link", b"key")

    check_secrets(settings, EnvironmentSecrets(settings.secrets.variables, resolve=managed.resolve))

    assert server.calls == ["list", "access"]
