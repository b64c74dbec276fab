"""The first month of the February book as its source tells it: six cards fail, four are replaced, two need a person."""

import re
from collections.abc import Iterator

import pytest

from billing.domain.invoice import InvoiceStatus
from billing.ports import Mail
from billing.sandbox.server import running_sandbox
from billing.store.dunning_cases import DunningCases
from billing.usecases.verify import VerifyRequest, verify
from billing.usecases.verify_audit_log import verify_audit_log
from tests.builders import utc
from tests.february_month import Month, a_month
from tests.sandbox_client import StandingClock

NEW_CARDS = {"2026-03-02": "acct-1040", "2026-03-04": "acct-1055", "2026-03-06": "acct-1138", "2026-03-07": "acct-1035"}
CHANGED_BANKS = ("acct-1097", "acct-1175")


@pytest.fixture(scope="module")
def month() -> Iterator[Month]:
    """The month after it was played."""
    with running_sandbox(clock=StandingClock(utc("2026-02-28T23:00"))) as sandbox:
        month = a_month(sandbox)
        for day in [f"2026-03-{day:02}" for day in range(1, 16)]:
            month.plays(day)
            if day in NEW_CARDS:
                month.saves_another_card(NEW_CARDS[day])
            if day == "2026-03-07":  # before the urgent notices
                assert [len(paid(month, customer)) for customer in NEW_CARDS.values()] == [1, 1, 1, 1]
        yield month


def paid(month: Month, customer_id: str) -> list[str]:
    return [each.number for each in month.invoices(customer_id) if each.status is InvoiceStatus.PAID]


def shown(mail: Mail) -> str:
    return re.sub(r"\s+", " ", mail.text)


@pytest.mark.slow
def test_six_enter_dunning_four_are_recovered_by_day_7_and_two_wait_for_a_person_on_day_14(month: Month) -> None:
    chased = [each for each in month.invoices() if each.dunning is not None]
    assert sorted(each.customer_id for each in chased) == sorted([*NEW_CARDS.values(), *CHANGED_BANKS])
    for customer in NEW_CARDS.values():
        assert len(paid(month, customer)) == 1
    waiting = DunningCases.of(month.documents, "acme-api").in_review()
    assert sorted(each.value.customer_id for each in waiting) == [*CHANGED_BANKS]


@pytest.mark.slow
def test_each_transition_is_in_the_audit_log(month: Month) -> None:
    assert month.states("acct-1040") == ["payment_attempted", "paid"]
    assert month.states("acct-1055") == ["payment_attempted", "reminder_sent", "paid"]
    assert month.states("acct-1138") == ["payment_attempted", "reminder_sent", "paid"]
    assert month.states("acct-1035") == ["payment_attempted", "retry_scheduled", "reminder_sent", "paid"]
    for customer in CHANGED_BANKS:
        assert month.states(customer) == [
            "payment_attempted",
            "retry_scheduled",
            "reminder_sent",
            "urgent_notice",
            "manual_review",
        ]


@pytest.mark.slow
def test_mails_go_out_on_days_0_3_and_7_and_nothing_after_the_payment_but_its_receipt(month: Month) -> None:
    def told(customer: str) -> list[str]:
        return [kind for kind, _ in month.mails(f"billing@{customer}.example.com")]

    assert told("acct-1040") == ["01 update_payment_method", "03 receipt"]
    assert told("acct-1055") == ["01 update_payment_method", "04 payment_reminder", "05 receipt"]
    assert told("acct-1138") == ["01 update_payment_method", "04 payment_reminder", "07 receipt"]
    assert told("acct-1035") == ["01 payment_failed", "04 payment_reminder", "08 receipt"]
    for customer in CHANGED_BANKS:
        assert told(customer) == ["01 payment_failed", "04 payment_reminder", "08 urgent_notice"]


@pytest.mark.slow
def test_the_mails_say_what_fits_and_lead_to_the_right_page(month: Month) -> None:
    [lost] = month.invoices("acct-1138")
    (_, update), (_, reminder), _ = month.mails("billing@acct-1138.example.com")
    for mail in (update, reminder):
        assert f"{lost.payment_url}/card" in mail.text
        assert f'href="{lost.payment_url}/card"' in mail.html
        assert "the card has expired" in shown(mail)
    assert update.subject == "Please update your payment method for Acme API Platform Inc."

    [owed] = month.invoices("acct-1097")
    (_, failed), (_, friendly), (_, urgent) = month.mails("billing@acct-1097.example.com")
    assert "March 4, 2026" in shown(failed)  # the next try
    assert friendly.subject.startswith(f"A friendly reminder: invoice {owed.number} from Acme API Platform Inc.")
    assert urgent.subject.endswith(f"for invoice {owed.number} must be paid before March 22, 2026")
    assert f'href="{owed.payment_url}"' in urgent.html
    assert "the button leads straight to the payment" in shown(urgent)


@pytest.mark.slow
def test_the_seller_hears_of_each_failure_and_of_who_needs_a_person(month: Month) -> None:
    """Six cards failed on day 0; three were tried again on day 3, two of them on day 7; two wait since day 14."""
    kinds = [kind for kind, _ in month.mails("owner@acme.example.com")]
    assert kinds == (
        ["01 tenant_payment_failed"] * 6
        + ["04 tenant_payment_failed"] * 3
        + ["08 tenant_payment_failed"] * 2
        + ["15 tenant_review_needed"] * 2
    )


@pytest.mark.slow
def test_books_and_log_are_as_they_must_be_afterwards(month: Month) -> None:
    request = VerifyRequest(tenant_id="acme-api", as_of=month.now, objects=False)
    assert verify(month.documents, month.objects, request).findings.kept == []
    log = verify_audit_log(month.documents, "acme-api")
    assert (log.findings.kept, log.seals > 3) == ([], True)
