"""The configuration: complete, or refused at once with every fault in it."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from billing.adapters.kept_places import Bucket, FirestoreDatabase, Folder, SecretProject, SecretVariables, SqliteFile
from billing.adapters.system_clock import SystemClock
from billing.api.oidc import OidcTrust
from billing.config import Misconfigured, Settings, load_settings, local_event_secrets, local_workers
from tests.environments import CLOUD, LAPTOP, flaws


def test_a_laptop_needs_two_variables() -> None:
    settings = Settings.from_environment(LAPTOP)

    assert settings == Settings(
        store=SqliteFile(Path("/data/billing/store.db")),
        objects=Folder(Path("/data/billing/objects")),
        secrets=SecretVariables({}),
        oidc=OidcTrust(),
        payment_link_base=None,
        stripe_base_url=None,
        max_body_bytes=1_048_576,
        run_deadline_seconds=540,
        revision="local",
        loopback_events=True,
    )
    assert not settings.oidc.configured


def test_production_is_read_from_its_variables() -> None:
    settings = Settings.from_environment(CLOUD)

    assert settings == Settings(
        store=FirestoreDatabase(project="billing-prod", database="eu"),
        objects=Bucket("acme-billing"),
        secrets=SecretProject("billing-prod"),
        oidc=OidcTrust(
            audiences=("https://generate-invoices.example.run.app",),
            service_accounts=frozenset({"scheduler@p.iam.gserviceaccount.com", "tasks@p.iam.gserviceaccount.com"}),
            issuers=("https://accounts.google.com", "accounts.google.com"),
            certs_url="https://www.googleapis.com/oauth2/v3/certs",
        ),
        payment_link_base="https://pay.example.com/i",
        stripe_base_url=None,
        max_body_bytes=2048,
        run_deadline_seconds=1800,
        workers=4,
        claim_seconds=900,
        revision="generate-invoices-00007-abc",
    )
    assert settings.oidc.configured


def test_test_servers_on_this_machine_may_stand_in_for_google() -> None:
    settings = Settings.from_environment(
        CLOUD
        | {
            "BILLING_OBJECTS_ENDPOINT": "http://127.0.0.1:8080",
            "OIDC_ISSUERS": "http://127.0.0.1:8081",
            "OIDC_CERTS_URL": "http://localhost:8081/certs",
        }
    )

    assert settings.objects == Bucket("acme-billing", endpoint="http://127.0.0.1:8080")
    assert settings.oidc.issuers == ("http://127.0.0.1:8081",)
    assert settings.oidc.certs_url == "http://localhost:8081/certs"


def test_a_stand_in_for_stripe_is_on_this_machine_or_nowhere() -> None:
    here = Settings.from_environment(LAPTOP | {"STRIPE_BASE_URL": "http://127.0.0.1:12111"})
    assert here.stripe_base_url == "http://127.0.0.1:12111"
    assert "on this machine" in flaws(LAPTOP | {"STRIPE_BASE_URL": "https://stripe.example"})["STRIPE_BASE_URL"]


def test_the_keys_of_a_tenant_s_own_account_are_kept_and_no_other_variable() -> None:
    kept = {"STRIPE_API_KEY": "sk_1", "STRIPE_API_KEY_ACME": "sk_2", "STRIPE_WEBHOOK_SECRET_ACME": "whsec"}
    kept |= {"EVENT_SECRET": "whsec_1", "EVENT_SECRET_PREVIOUS": "whsec_0", "EVENT_SECRET_ACME": "whsec_2"}
    settings = Settings.from_environment(LAPTOP | kept | {"STRIPE_API_KEYS": "no", "HOME_KEY": "no"})
    assert settings.secrets == SecretVariables(kept)


@pytest.mark.parametrize("store", ["mysql://user:pa55word@db", "mysql://user:pa55/w@rd@db/x", "mysql://pa55word@db"])
def test_no_password_of_an_address_is_told(store: str) -> None:
    told = flaws(LAPTOP | {"BILLING_STORE": store})["BILLING_STORE"]
    assert told.startswith("use sqlite:///absolute/path or firestore, not 'mysql://...@db")


def test_events_go_to_this_machine_on_a_laptop_or_where_one_says_so() -> None:
    assert not Settings.from_environment(LAPTOP | {"BILLING_LOOPBACK_EVENTS": "off"}).loopback_events
    assert Settings.from_environment(CLOUD | {"BILLING_LOOPBACK_EVENTS": "on"}).loopback_events
    assert "use on or off" in flaws(LAPTOP | {"BILLING_LOOPBACK_EVENTS": "yes"})["BILLING_LOOPBACK_EVENTS"]


def test_charges_are_looked_for_first_where_documents_were_restored() -> None:
    assert not Settings.from_environment(CLOUD).look_before_charging
    restored = Settings.from_environment(CLOUD | {"BILLING_LOOK_BEFORE_CHARGING": "on"})
    assert restored.look_before_charging


def test_a_laptop_s_commands_find_what_signs_events(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"EVENT_SECRET": "one", "EVENT_SECRET_ACME": "two", "EVENT_SECRETS": "no"}.items():
        monkeypatch.setenv(name, value)
    assert local_event_secrets() == {"EVENT_SECRET": "one", "EVENT_SECRET_ACME": "two"}


def test_everything_missing_is_told_at_once_with_the_remedy() -> None:
    with pytest.raises(Misconfigured) as refused:
        Settings.from_environment({"BILLING_SECRETS": "secret-manager", "OIDC_AUDIENCE": "https://x.example"})

    assert str(refused.value) == (
        "the configuration is not usable:\n"
        "  BILLING_STORE: is not set; use sqlite:///absolute/path or firestore\n"
        "  BILLING_OBJECTS: is not set; use file:///absolute/folder or gs://bucket\n"
        "  GOOGLE_CLOUD_PROJECT: is not set; use the project's id; the functions runtime does not set it\n"
        "  OIDC_SERVICE_ACCOUNTS: is not set; list the e-mails of the accounts that may call"
    )


def test_a_blank_variable_is_not_set() -> None:
    assert flaws({"BILLING_STORE": " ", "BILLING_OBJECTS": ""}).keys() == {"BILLING_STORE", "BILLING_OBJECTS"}
    assert (
        Settings.from_environment(LAPTOP | {"BILLING_SECRETS": " ", "MAX_BODY_BYTES": ""}).max_body_bytes == 1_048_576
    )


def test_a_machine_works_with_all_its_cores_unless_it_is_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BILLING_WORKERS", raising=False)
    assert 1 <= local_workers() <= (os.cpu_count() or 1)
    monkeypatch.setenv("BILLING_WORKERS", "3")
    assert local_workers() == 3
    monkeypatch.setenv("BILLING_WORKERS", "many")
    with pytest.raises(Misconfigured, match="BILLING_WORKERS: use a whole number from 1 to 64, not 'many'"):
        local_workers()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("BILLING_STORE", "postgres://localhost/x"),
        ("BILLING_STORE", "sqlite://relative.db"),
        ("BILLING_STORE", "sqlite:///"),
        ("BILLING_STORE", "/data/billing.db"),
        ("BILLING_STORE", "Firestore"),
        ("BILLING_STORE", "sqlite:///a.db?mode=ro"),
        ("BILLING_STORE", "sqlite:///a#b.db"),
        ("BILLING_STORE", "sqlite://[::1/x"),
        ("BILLING_OBJECTS", "s3://bucket"),
        ("BILLING_OBJECTS", "file://host/share"),
        ("BILLING_OBJECTS", "gs://"),
        ("BILLING_OBJECTS", "gs://Bucket"),
        ("BILLING_OBJECTS", "gs://bucket/folder"),
        ("BILLING_OBJECTS", "gs:bucket"),
        ("BILLING_SECRETS", "vault"),
        ("PAYMENT_LINK_BASE", "http://pay.example.com"),
        ("PAYMENT_LINK_BASE", "javascript:alert(1)"),
        ("PAYMENT_LINK_BASE", "https://"),
        ("PAYMENT_LINK_BASE", "https://pay.example.com/?a=b"),
        ("PAYMENT_LINK_BASE", "https://pay.example.com/#x"),
        ("OIDC_CERTS_URL", "http://keys.example.com"),
        ("OIDC_CERTS_URL", "http://127.0.0.1.evil.example/certs"),
        ("OIDC_CERTS_URL", "file:///etc/keys"),
        ("BILLING_CLAIM_SECONDS", "0"),
        ("BILLING_CLAIM_SECONDS", "3601"),
        ("BILLING_TRACES", "on"),
        ("BILLING_TRACES", "http://collector.example.com"),
        ("MOST_IN_FLIGHT", "-1"),
        ("MOST_IN_FLIGHT", "10001"),
        ("MAX_BODY_BYTES", "1MiB"),
        ("MAX_BODY_BYTES", "1023"),
        ("MAX_BODY_BYTES", "33554433"),
        ("MAX_BODY_BYTES", "-2048"),
        ("MAX_BODY_BYTES", "2048.0"),
        ("MAX_BODY_BYTES", "٢٠٤٨"),
        ("MAX_BODY_BYTES", "9" * 5000),
        ("RUN_DEADLINE_SECONDS", "0"),
        ("RUN_DEADLINE_SECONDS", "3601"),
        ("BILLING_WORKERS", "0"),
        ("BILLING_WORKERS", "65"),
        ("OIDC_SERVICE_ACCOUNTS", "scheduler"),
        ("OIDC_SERVICE_ACCOUNTS", "a@b c@d"),
    ],
)
def test_a_malformed_value_is_refused_by_its_name(variable: str, value: str) -> None:
    assert flaws(
        LAPTOP | {"OIDC_AUDIENCE": "https://x.example", "OIDC_SERVICE_ACCOUNTS": "a@b"} | {variable: value}
    ).keys() == {variable}


def test_an_object_endpoint_beyond_this_machine_is_encrypted() -> None:
    assert flaws(CLOUD | {"BILLING_OBJECTS_ENDPOINT": "http://storage.example.com"}).keys() == {
        "BILLING_OBJECTS_ENDPOINT"
    }


def test_accounts_without_an_audience_are_refused() -> None:
    assert flaws(LAPTOP | {"OIDC_SERVICE_ACCOUNTS": "a@b.example"}).keys() == {"OIDC_AUDIENCE"}


def test_the_keys_kept_are_those_named_and_no_other_variable() -> None:
    keys = {"INTERNAL_API_KEY": "n" * 16, "INTERNAL_API_KEY_PREVIOUS": "o" * 16}
    settings = Settings.from_environment(LAPTOP | keys | {"AWS_SECRET_ACCESS_KEY": "not ours"})

    assert settings.secrets == SecretVariables(keys)


def test_a_short_internal_key_is_refused_at_start_up_without_being_shown() -> None:
    environ = LAPTOP | {"INTERNAL_API_KEY": "swordfish", "INTERNAL_API_KEY_PREVIOUS": "sword fish sword fish"}
    remedy = "use at least 16 visible ASCII characters, for example from `openssl rand -hex 32`"

    assert flaws(environ) == {"INTERNAL_API_KEY": remedy, "INTERNAL_API_KEY_PREVIOUS": remedy}


def test_settings_show_no_secret_when_printed() -> None:
    settings = Settings.from_environment(LAPTOP | {"INTERNAL_API_KEY": "swordfish-swordfish"})

    assert "swordfish" not in repr(settings)
    assert "swordfish" not in str(settings.secrets)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    environ = LAPTOP | {"PAYMENT_LINK_BASE": "https://user:swordfish@pay.example.com"}

    assert "swordfish" not in flaws(environ)["PAYMENT_LINK_BASE"]


def test_a_long_value_is_cut_in_the_message() -> None:
    assert len(flaws(LAPTOP | {"BILLING_STORE": "x" * 5000})["BILLING_STORE"]) < 150


@pytest.mark.parametrize("value", ["sqlite:///a/b%20c.db", "sqlite:////a/b%20c.db"])
def test_a_path_is_read_as_an_address_says_it(value: str) -> None:
    assert Settings.from_environment(LAPTOP | {"BILLING_STORE": value}).store == SqliteFile(Path("/a/b c.db"))


def test_this_process_reads_its_own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in LAPTOP.items():
        monkeypatch.setenv(variable, value)

    assert load_settings().objects == Folder(Path("/data/billing/objects"))


def test_reading_the_configuration_imports_nothing_heavy() -> None:
    program = "import sys, billing.config; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    heavy = {"jwt", "cryptography", "requests", "google.auth", "grpc", "obstore", "pydantic", "flask", "fastapi"}
    assert heavy.isdisjoint(run.stdout.split())


def test_the_system_clock_tells_an_aware_instant_in_utc() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()

    assert now.utcoffset() == timedelta(0)
    assert before <= now <= datetime.now(UTC)


def test_secrets_that_configured_features_lack_are_told_with_the_other_flaws() -> None:
    environ = {
        "BILLING_OBJECTS": "file:///data/objects",
        "PAYMENT_LINK_BASE": "https://pay.example",
        "BILLING_MAIL": "smtp://jo%40acme.example@mail.example",
        "GENERATE_INVOICES_URL": "https://a.example",
        "RUN_DUNNING_URL": "https://b.example",
    }
    assert flaws(environ) == {
        "BILLING_STORE": "is not set; use sqlite:///absolute/path or firestore",
        "PAYMENT_LINK_KEY": "is not set; payment links (PAYMENT_LINK_BASE) are signed with it: `openssl rand -hex 32`",
        "SMTP_PASSWORD": "is not set; it is the password of jo@acme.example at the mail server (BILLING_MAIL)",
        "INTERNAL_API_KEY": "is not set; the other functions are called with it (GENERATE_INVOICES_URL): "
        "use at least 16 visible ASCII characters, for example from `openssl rand -hex 32`",
    }


@pytest.mark.parametrize(
    ("reference", "remedy"),
    [
        ("sm://", "use sm://PROJECT/SECRET, sm://PROJECT/SECRET/VERSION or sm://SECRET, not 'sm://'"),
        ("sm://a/b", "use sm://PROJECT/SECRET, sm://PROJECT/SECRET/VERSION or sm://SECRET, not 'sm://a/b'"),
        (
            "sm://acme-billing/key/0",
            "use sm://PROJECT/SECRET, sm://PROJECT/SECRET/VERSION or sm://SECRET, not 'sm://acme-billing/key/0'",
        ),
        ("sm://key", "use sm://PROJECT/SECRET, as GOOGLE_CLOUD_PROJECT is not set, not 'sm://key'"),
    ],
)
def test_a_reference_that_names_no_secret_is_refused(reference: str, remedy: str) -> None:
    assert flaws(LAPTOP | {"STRIPE_API_KEY": reference}) == {"STRIPE_API_KEY": remedy}


def test_references_are_kept_as_they_are_and_also_beside_secret_manager() -> None:
    key = {"INTERNAL_API_KEY": "sm://acme-billing/key"}
    assert Settings.from_environment(LAPTOP | key).secrets == SecretVariables(key)
    both = Settings.from_environment(CLOUD | key | {"STRIPE_API_KEY": "sk_live_1"})
    assert both.secrets == SecretProject("billing-prod", key)
