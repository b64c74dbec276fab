"""What a function would refuse to start with, or would lose, is refused where it is declared, and not shown."""

from pathlib import Path

import pytest

from infra.loading import load
from tests.infra.test_declaration import GIVEN, TEXT, changed, flaws, line_of


@pytest.mark.parametrize(
    "mail",
    [
        "smtp://billing:pa55word@mail.example:587",
        "smtp://billing:pa55word@mail.example/inbox",
        "https://billing:pa55word@mail.example",
        "maildir:///tmp/pa55word",
        "smtp+plain://localhost:1025",
        "pa55word",
    ],
)
def test_a_mail_server_that_no_function_would_take_is_refused_and_not_shown(tmp_path: Path, mail: str) -> None:
    expected = "variables.mail: expected smtp://user@host:587, its password in the secret SMTP_PASSWORD, or nothing"
    assert flaws(tmp_path, TEXT, mail=mail) == [f"{line_of(TEXT, '  mail:')}: {expected}"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "BILLING_STORE: firestore",
            "BILLING_STORE: mysql://u:pa55word@db",
            "use sqlite:///absolute/path or firestore",
        ),
        ("BILLING_STORE: firestore", "BILLING_STORE: sqlite:///tmp/pa55word", "expected firestore"),
        ("BILLING_OBJECTS: gs://${bucket}", "BILLING_OBJECTS: s3://u:pa55word@b", "use file:///absolute/folder or gs"),
        ("BILLING_OBJECTS: gs://${bucket}", "BILLING_OBJECTS: file:///pa55word", "expected gs://bucket"),
        (
            "PAYMENT_LINK_BASE: https://",
            "PAYMENT_LINK_BASE: https://u:pa55word@",
            "use an https:// address without user",
        ),
        (
            "BILLING_MAIL: ${mail}",
            "BILLING_MAIL: smtp://u:pa55word@mail.example",
            "use maildir:///absolute/folder or smtp",
        ),
        ("BILLING_MAIL: ${mail}", "BILLING_MAIL: maildir:///tmp/pa55word", "expected smtp://user@host:587"),
        ("BILLING_MAIL: ${mail}", "STRIPE_BASE_URL: http://localhost:1211", "expected nothing: Stripe itself"),
        ("BILLING_MAIL: ${mail}", "STRIPE_API_KEY: pa55word", "expected sm://PROJECT/SECRET, or nothing"),
        ("BILLING_MAIL: ${mail}", "STRIPE_API_KEY_ACME: pa55word", "expected sm://PROJECT/SECRET, or nothing"),
        (
            "BILLING_SECRETS: secret-manager",
            "BILLING_SECRETS: vault://u:pa55word@v",
            "use environment or secret-manager",
        ),
    ],
)
def test_what_a_function_would_not_start_with_is_told_by_line_and_without_its_value(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = changed(old, new)
    told = flaws(tmp_path, text)
    variable = new.partition(":")[0]

    assert told[0].startswith(f"{line_of(text, new)}: functions.generate_invoices.environment.{variable}: {said}")
    assert "pa55word" not in "".join(told)


def test_a_secret_that_the_functions_need_is_declared(tmp_path: Path) -> None:
    text = changed("  PAYMENT_LINK_KEY: {generated: true}", "  #")
    text = text.replace("PAYMENT_LINK_KEY, ", "").replace("      - PAYMENT_LINK_KEY\n", "")
    flaw, *_ = flaws(tmp_path, text)
    assert flaw.startswith(f"{text.splitlines().index('secrets:') + 1}: secrets: ")
    assert "expected PAYMENT_LINK_KEY: payment links (PAYMENT_LINK_BASE) are signed with it" in flaw


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[INTERNAL_API_KEY, PAYMENT", "[PAYMENT", "INTERNAL_API_KEY among them: generate_invoices: each call's"),
        (
            "[INTERNAL_API_KEY, PAYMENT_LINK_KEY",
            "[INTERNAL_API_KEY",
            "PAYMENT_LINK_KEY among them: generate_invoices: ",
        ),
        (
            "BILLING_SECRETS: secret-manager",
            "STRIPE_WEBHOOK_SECRET: sm://other-project/key\n      BILLING_SECRETS: secret-manager",
            "STRIPE_WEBHOOK_SECRET among them: generate_invoices: a variable refers to it",
        ),
    ],
)
def test_what_a_function_reads_or_refers_to_its_account_may_read(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = changed(old, new)
    told, *_ = flaws(tmp_path, text)
    at = "service_accounts.generate-invoices.reads_secrets"
    assert told.startswith(f"{line_of(text, '    reads_secrets:')}: {at}: expected {said}")


@pytest.mark.parametrize("name", ["STRIPE_API_KEY_ACME", "STRIPE_WEBHOOK_SECRET_ACME_2", "EVENT_SECRET_OPS"])
def test_the_secrets_of_a_tenant_s_own_are_declared_beside_ours(tmp_path: Path, name: str) -> None:
    file = tmp_path / "other.yaml"
    file.write_text(changed("  STRIPE_API_KEY: {}", f"  STRIPE_API_KEY: {{}}\n  {name}: {{}}"))
    assert name in load(file, GIVEN).secrets


@pytest.mark.parametrize("name", ["STRIPE_KEY", "STRIPE_API_KEY_", "STRIPE_API_KEY_acme", "PAYMENT_LINK_KEY_ACME"])
def test_a_secret_that_nothing_asks_for_is_a_flaw(tmp_path: Path, name: str) -> None:
    [flaw] = flaws(tmp_path, changed("  STRIPE_API_KEY: {}", f"  STRIPE_API_KEY: {{}}\n  {name}: {{}}"))
    assert f"secrets.{name}: expected one of INTERNAL_API_KEY, PAYMENT_LINK_KEY, STRIPE_API_KEY, " in flaw


def test_a_flaw_shows_no_password_of_an_address_in_the_wrong_place(tmp_path: Path) -> None:
    [flaw] = flaws(tmp_path, TEXT, alerts_to="smtp://u:pa55 word@mail.example")
    assert flaw.endswith("variables.alerts_to: expected an e-mail address or nothing, got 'smtp://...@mail.example'")


def test_what_is_no_yaml_is_told_by_line_without_a_password_in_it(tmp_path: Path) -> None:
    [flaw] = flaws(tmp_path, 'variables:\n  mail: "smtp://u:pa55word@mail.example" "twice"\n')
    assert "line 2" in flaw
    assert "pa55word" not in flaw
