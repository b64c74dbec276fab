"""Dunning policies as JSON, in a book or a file of their own: what they say, and every refusal with its path."""

import json
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from billing.adapters.book_files import load_book
from billing.adapters.book_files.dunning_model import policies_json, read_policies
from billing.domain.book import BookConflicts, BookErrors
from billing.domain.decline import Advice
from billing.domain.dunning_policies import DEFAULT_POLICY, DunningPolicies
from billing.domain.dunning_policy import (
    CaseState,
    Channel,
    DunningPolicy,
    DunningStep,
    QuietHours,
    StepTemplate,
    WhileSuspended,
)
from billing.ports import Fields, Update
from billing.usecases.import_book import import_book
from tests.book_folder import TENANT, book_folder, changed, errors_of
from tests.builders import utc
from tests.unit.test_tenant_settings import OTHER
from tests.world import sqlite_in_memory

SAMPLES = Path(__file__).parents[2] / "samples" / "dunning"
LAST: dict[str, Any] = {"day": 14, "state": "manual_review"}
STATES = "retry_scheduled, reminder_sent, urgent_notice, manual_review"


def policy(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"name": "default", "steps": [{"day": 3, "state": "reminder_sent"}, LAST], **changes}


def steps(*given: dict[str, Any]) -> dict[str, Any]:
    return policy(steps=list(given))


def read(folder: Path, content: Any) -> DunningPolicies:  # noqa: ANN401 - JSON
    file = folder / "policies.json"
    file.write_text(json.dumps(content))
    return read_policies(file)


def refusals(folder: Path, content: Any) -> list[str]:  # noqa: ANN401 - JSON
    with pytest.raises(BookErrors) as raised:
        read(folder, content)
    return [str(each) for each in raised.value.errors]


def test_the_default_sample_is_what_a_tenant_has_without_any() -> None:
    assert read_policies(SAMPLES / "default.json") == DunningPolicies()


def test_the_enterprise_sample_never_suspends_and_tells_by_event_once() -> None:
    policies = read_policies(SAMPLES / "enterprise.json")
    assert policies.segments == {"enterprise": "enterprise"}
    assert policies.policies[0] == DEFAULT_POLICY
    assert policies.named("enterprise") == DunningPolicy(
        name="enterprise",
        steps=(
            DunningStep(day=5, template=StepTemplate.REMINDER, state=CaseState.REMINDER_SENT),
            DunningStep(day=15, template=StepTemplate.REMINDER, state=CaseState.REMINDER_SENT),
            DunningStep(day=30, template=StepTemplate.URGENT, channel=Channel.EVENT, state=CaseState.URGENT_NOTICE),
            DunningStep(day=45, state=CaseState.MANUAL_REVIEW),
        ),
        quiet_hours=QuietHours(start=time(18), end=time(8)),
        suspend_after_days=None,
        suspend_after_reminders=None,
    )


def test_the_strict_sample_sets_every_limit_of_its_own() -> None:
    strict = read_policies(SAMPLES / "strict.json").named("default")
    assert [(each.day, each.retry, each.template.value) for each in strict.steps] == [
        (0, True, ""),
        (1, True, "payment_reminder"),
        (3, True, "urgent_notice"),
        (5, True, "final_notice"),
        (7, False, ""),
    ]
    assert (strict.suspend_after_days, strict.suspend_after_reminders, strict.access_grace_days) == (10, 3, 2)
    assert (strict.most_tries, strict.most_card_tries) == (4, 8)
    assert strict.declines == {"card_velocity_exceeded": Advice.UPDATE_METHOD, "do_not_honor": Advice.UPDATE_METHOD}


@pytest.mark.parametrize("policies", [DunningPolicies(), OTHER.dunning])
def test_what_is_written_is_read_the_same(policies: DunningPolicies, tmp_path: Path) -> None:
    assert read(tmp_path, policies_json(policies)) == policies


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (steps(), "policies[0].steps: expected a last step that ends with a person: manual_review, got 'no step'"),
        (
            steps({"day": 3, "state": "reminder_sent"}),
            "policies[0].steps: expected a last step that ends with a person: manual_review, got 'reminder_sent'",
        ),
        (
            steps({"day": 7, "state": "reminder_sent"}, {"day": 3, "state": "reminder_sent"}, LAST),
            "policies[0].steps[1].day: expected a day after 7, the step before, got 3",
        ),
        (
            steps({"day": 3, "state": "reminder_sent"}, {"day": 3, "state": "reminder_sent"}, LAST),
            "policies[0].steps[1].day: expected a day after 3, the step before, got 3",
        ),
        (
            steps({"day": 3, "state": "urgent_notice"}, {"day": 7, "state": "reminder_sent"}, LAST),
            (
                "policies[0].steps[1].state: expected urgent_notice or later, as cases never go back and end with "
                "manual_review, got 'reminder_sent'"
            ),
        ),
        (
            steps({"day": 3, "state": "manual_review"}, LAST),
            (
                "policies[0].steps[1].state: expected manual_review or later, as cases never go back and end with "
                "manual_review, got 'manual_review'"
            ),
        ),
        (
            steps({"day": 3, "state": "suspended"}, LAST),
            f"policies[0].steps[0].state: expected what a step may lead to: {STATES}, got 'suspended'",
        ),
        (
            steps({"day": 3, "state": "reminder_sent", "template": "shout"}, LAST),
            (
                "policies[0].steps[0].template: expected one of '', 'payment_reminder', 'urgent_notice' "
                "or 'final_notice', got 'shout'"
            ),
        ),
        (
            steps({"day": 3, "state": "reminder_sent", "channel": "fax"}, LAST),
            "policies[0].steps[0].channel: expected one of 'email' or 'event', got 'fax'",
        ),
        (
            steps({"day": "3", "state": "reminder_sent"}, LAST),
            "policies[0].steps[0].day: expected a whole number, got '3'",
        ),
        (steps({"day": -1, "state": "reminder_sent"}, LAST), "policies[0].steps[0].day: expected 0 to 365, got -1"),
        (steps({"state": "reminder_sent"}, LAST), "policies[0].steps[0].day: the key is missing"),
        (
            steps({"day": 3, "state": "reminder_sent", "retries": 2}, LAST),
            "policies[0].steps[0].retries: unknown key; known are day, state, retry, template, channel",
        ),
        (
            steps({"day": 3, "state": "reminder_sent", "retry": "maybe"}, LAST),
            "policies[0].steps[0].retry: expected true, yes, on, 1, false, no, off or 0, got 'maybe'",
        ),
        (policy(name="a b"), "policies[0].name: expected 1 to 100 letters, digits or . _ @ : ~ + - "),
        (policy(suspend_after_days=0), "policies[0].suspend_after_days: expected 1 to 365, got 0"),
        (policy(suspend_after_days="x"), "policies[0].suspend_after_days: expected a whole number, got 'x'"),
        (policy(access_grace_days=366), "policies[0].access_grace_days: expected 0 to 365, got 366"),
        (policy(most_tries=9), "policies[0].most_tries: expected 0 to 8, got 9"),
        (policy(most_card_tries=16), "policies[0].most_card_tries: expected 0 to 15, got 16"),
        (
            policy(quiet_hours={"start": "8pm", "end": "08:00"}),
            "policies[0].quiet_hours.start: expected hours and minutes such as 20:00, got '8pm'",
        ),
        (
            policy(quiet_hours={"start": "24:00", "end": "08:00"}),
            "policies[0].quiet_hours.start: expected hours and minutes such as 20:00, got '24:00'",
        ),
        (
            policy(quiet_hours={"start": "08:00", "end": "08:00"}),
            "policies[0].quiet_hours.end: expected another time than the start, got '08:00:00'",
        ),
        (
            policy(declines={"expired_card": "try_harder"}),
            (
                "policies[0].declines.expired_card: expected one of 'retry_soon', 'retry', 'update_method' "
                "or 'review', got 'try_harder'"
            ),
        ),
    ],
)
def test_a_mistake_is_said_with_its_path_and_what_was_expected(given: Any, message: str, tmp_path: Path) -> None:  # noqa: ANN401
    [refusal] = refusals(tmp_path, {"policies": [given]})
    assert refusal.removeprefix("policies.json:1: ").startswith(message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"policies": []}, "policies: expected one with the name default, got []"),
        ({"policies": [policy(name="gentle")]}, "policies: expected one with the name default, got ['gentle']"),
        ({"policies": [policy(), policy()]}, "policies: expected each name once, got ['default']"),
        (
            {"policies": [policy()], "segments": {"big": "gentle"}},
            "segments.big: expected one of ['default'], got 'gentle'",
        ),
        ({}, "policies: the key is missing"),
        ({"policies": [policy()], "rules": 1}, "rules: unknown key; known are policies, segments"),
        ([], "expected an object, got []"),
    ],
)
def test_policies_that_do_not_go_together_are_refused(content: Any, message: str, tmp_path: Path) -> None:  # noqa: ANN401
    [refusal] = refusals(tmp_path, content)
    assert refusal.removeprefix("policies.json:1: ") == message


def test_all_mistakes_of_a_file_are_said_at_once(tmp_path: Path) -> None:
    content = {"policies": [policy(most_tries=9), policy(name="b", suspend_after_days=0), policy(name="c")]}
    assert len(refusals(tmp_path, content)) == 2


def test_a_file_that_is_not_there_or_no_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BookErrors, match=r"none\.json"):
        read_policies(tmp_path / "none.json")
    (tmp_path / "half.json").write_text('{"policies": [')
    with pytest.raises(BookErrors, match=r"half\.json:1: .*expected JSON"):
        read_policies(tmp_path / "half.json")


def test_null_turns_a_threshold_off(tmp_path: Path) -> None:
    given = policy(suspend_after_days=None, suspend_after_reminders=None)
    [read_back] = read(tmp_path, {"policies": [given]}).policies
    assert (read_back.suspend_after_days, read_back.suspend_after_reminders) == (None, None)


def test_a_book_says_the_policies_of_its_tenant(tmp_path: Path) -> None:
    tenant = changed(TENANT, dunning=policies_json(OTHER.dunning), while_suspended="skip")
    book = load_book(book_folder(tmp_path, tenant=tenant))
    assert (book.tenant.dunning, book.tenant.while_suspended) == (OTHER.dunning, WhileSuspended.SKIP)


def test_a_book_without_policies_has_the_default_one(tmp_path: Path) -> None:
    tenant = load_book(book_folder(tmp_path)).tenant
    assert (tenant.dunning, tenant.while_suspended) == (DunningPolicies(), WhileSuspended.BILL)


def test_mistakes_in_a_book_are_said_beside_those_of_other_settings(tmp_path: Path) -> None:
    given = changed(TENANT, dunning={"policies": [policy(most_tries=9)]}, invoice_number={"format": "x"})
    places = [each.split(": ")[1] for each in errors_of(book_folder(tmp_path, tenant=given))]
    assert sorted(places) == ["dunning.policies[0].most_tries", "invoice_number.format"]


def test_a_segment_of_a_book_names_one_of_its_policies(tmp_path: Path) -> None:
    given = {"policies": [policy()], "segments": {"big": "gentle"}}
    [error] = errors_of(book_folder(tmp_path, tenant=changed(TENANT, dunning=given)))
    assert error.endswith("dunning.segments.big: expected one of ['default'], got 'gentle'")


def test_a_decline_code_that_nobody_knows_is_a_note_and_no_error(tmp_path: Path) -> None:
    dunning = {"policies": [policy(declines={"expired_crad": "retry", "expired_card": "retry"})]}
    book = load_book(book_folder(tmp_path, tenant=changed(TENANT, dunning=dunning)))
    assert book.notes[-1] == (
        "default: declines.expired_crad is no decline code that is known; it counts where a gateway says it"
    )
    assert "expired_card" not in " ".join(book.notes)


HEADER = "customer_id,name,country,currency,segment,dunning_policy,time_zone\n"
GENTLE = {"policies": [policy(), policy(name="gentle")]}


def with_customers(folder: Path, *rows: str) -> Path:
    table = HEADER + "".join(f"{row}\n" for row in rows)
    return book_folder(folder, tenant=changed(TENANT, dunning=GENTLE), customers=table)


def test_a_customer_has_a_segment_a_policy_and_a_zone(tmp_path: Path) -> None:
    folder = with_customers(tmp_path, "c-1,Ada Ltd,GB,USD,big,gentle,Asia/Tokyo", "c-2,Bo Ltd,GB,USD,,,")
    first, second = load_book(folder).customers
    assert (first.segment, first.dunning_policy, first.time_zone) == ("big", "gentle", "Asia/Tokyo")
    assert (second.segment, second.dunning_policy, second.time_zone) == ("", "", "")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            "c-1,Ada Ltd,GB,USD,,stern,",
            "customers.csv:2: dunning_policy: expected one of ['default', 'gentle'], got 'stern'",
        ),
        ("c-1,Ada Ltd,GB,USD,,,Mars/Base", "customers.csv:2: time_zone: expected an IANA time zone such as"),
        ("c-1,Ada Ltd,GB,USD,a b,,", "customers.csv:2: segment: expected 1 to 100 letters"),
    ],
)
def test_a_policy_zone_or_segment_that_can_not_be_is_refused(row: str, message: str, tmp_path: Path) -> None:
    [error] = errors_of(with_customers(tmp_path, row, "c-2,Bo Ltd,GB,USD,,,"))
    assert error.startswith(message)


def test_a_policy_is_not_looked_for_where_the_tenant_is_unreadable(tmp_path: Path) -> None:
    table = f"{HEADER}c-1,Ada Ltd,GB,USD,,gentle,\nc-2,Bo Ltd,GB,USD,,,\n"
    errors = errors_of(book_folder(tmp_path, tenant=changed(TENANT, currency="XYZ"), customers=table))
    assert [each.partition(":")[0] for each in errors] == ["tenant.json"]


def test_an_import_never_changes_whom_a_policy_is_for(tmp_path: Path) -> None:
    documents = sqlite_in_memory()
    rows = ("c-1,Ada Ltd,GB,USD,big,gentle,", "c-2,Bo Ltd,GB,USD,,,")
    import_book(documents, load_book(with_customers(tmp_path, *rows)), recorded_at=utc("2026-03-01"))
    again = import_book(documents, load_book(with_customers(tmp_path, *rows)), recorded_at=utc("2026-03-02"))
    assert sum(again.created.values()) == 0
    other = load_book(with_customers(tmp_path, rows[0].replace("gentle", ""), rows[1]))
    with pytest.raises(BookConflicts, match=r"customer c-1: dunning_policy: stored gentle, given nothing"):
        import_book(documents, other, recorded_at=utc("2026-03-02"))


def test_what_dunning_moves_on_is_not_the_books_to_say(tmp_path: Path) -> None:
    documents = sqlite_in_memory()
    book = load_book(book_folder(tmp_path))
    import_book(documents, book, recorded_at=utc("2026-03-01"))
    tried: Fields = {"method_id": "pm_1", "at": "2026-03-01T00:00:00+00:00"}
    moved: Fields = {"suspended_at": "2026-03-02T00:00:00+00:00", "suspension_reason": "unpaid", "card_tries": [tried]}
    documents.commit([Update("tenants/acme/customers/c-1", moved)])
    again = import_book(documents, book, recorded_at=utc("2026-03-03"))
    assert sum(again.created.values()) == 0
