"""`billing demo --through`: the days after the run, played once however often, in one go or in parts."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from billing.adapters.sqlite import SqliteDocuments
from billing.cli.demo_playing import begin
from billing.cli.demo_story import Story, story_of
from billing.domain.audit import AuditRecord
from billing.ports import Query
from billing.store.audit import AuditLog
from billing.store.indexes import INDEXES
from billing.wiring import LOCAL_STORE, local_engine
from tests.builders import a_tenant
from tests.command_line import ROOT, a_book, answer, billing

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, dict]:
    """A directory played to 4 March and then to the 15th, what the first said, and what the second answered."""
    directory = tmp_path_factory.mktemp("month")
    first = billing("demo", "--through", "2026-03-04", "--dir", directory)
    assert first.exit_code == 0, first.stderr
    return directory, first.stdout, answer(billing("demo", "--through", "2026-03-15", "--dir", directory, "--json"))


def contents(directory: Path) -> dict[str, object]:
    """Every document, and every file but the stores themselves."""
    documents = SqliteDocuments(directory / LOCAL_STORE, indexes=INDEXES)
    found: dict[str, object] = {
        each.path: (each.version, each.fields)
        for name in ("audit", "audit_seals", "customers", "invoices", "payments", "runs", "gateway_events")
        for each in documents.query(Query(f"tenants/acme-api/{name}"))
    }
    files = [each for each in directory.rglob("*") if each.is_file() and "sqlite3" not in each.name]
    return found | {str(each): each.read_bytes() for each in files}


def test_six_enter_four_are_recovered_and_two_wait_for_a_person(month: tuple[Path, str, dict]) -> None:
    _, _, played = month
    assert played["dunning"] == {"entered": 6, "recovered": 4, "manual_review": 2}
    # 6 declines, 3 retries scheduled, 5 reminders on day 3, 2 urgent notices, 2 reviews, 4 paid
    assert len(played["transitions"]) == 22
    days = [each["date"] for each in played["transitions"]]
    assert days == sorted(days)
    assert [each for each in played["transitions"] if each["customer_id"] == "acct-1138"] == [
        {
            "date": "2026-03-01",
            "number": "INV-2026-02-0130",
            "customer_id": "acct-1138",
            "before": "issued",
            "after": "payment_attempted",
            "event": "dunning.entered",
            "reason": "payment_failed: expired_card",
        },
        {
            "date": "2026-03-04",
            "number": "INV-2026-02-0130",
            "customer_id": "acct-1138",
            "before": "payment_attempted",
            "after": "reminder_sent",
            "event": "dunning.step_done",
            "reason": "day 3: sent payment_reminder, expired_card: it waits for another payment method",
        },
        {
            "date": "2026-03-06",
            "number": "INV-2026-02-0130",
            "customer_id": "acct-1138",
            "before": "reminder_sent",
            "after": "paid",
            "event": "dunning.left",
            "reason": "paid",
        },
    ]


def test_it_says_what_the_plain_demo_says_and_then_the_diary(month: tuple[Path, str, dict]) -> None:
    directory, told, _ = month
    for line in (
        "Invoices generated  187",
        "136 charged, 6 failed (3 expired card, 2 insufficient funds, 1 declined)",
        "45 transfers reconciled",
        "dunning: 6 entered, 2 recovered, 0 in manual review",
        f"mails in {directory}/mail",
        f"Who waits:      billing dunning list --review --dir {directory}",
    ):
        assert line in told, line
    diary = [" ".join(line.split()) for line in told.splitlines() if "acct-1055" in line]
    assert diary == [
        "INV-2026-02-0055 acct-1055 charge failed: expired card payment_attempted",
        "INV-2026-02-0055 acct-1055 day 3: sent payment reminder reminder_sent",
        "INV-2026-02-0055 acct-1055 new card saved, 515.94 USD charged paid",
    ]


def test_what_is_recorded_and_mailed_carries_the_days_that_were_played(month: tuple[Path, str, dict]) -> None:
    directory, _, _ = month
    records = answer(billing("audit", "list", "--dir", directory, "--limit", "5000", "--json"))["records"]
    days = {each["at"][:10] for each in records}
    assert (min(days), max(days)) == ("2026-03-01", "2026-03-15")
    assert {each["actor"] for each in records} == {"cli", "scheduler", "settlement", "webhook:stripe"}
    sent = {
        datetime.fromtimestamp(int(each.name.split(".")[0]), UTC).day for each in (directory / "mail/new").iterdir()
    }
    # the run and days 3, 7 and 14 of the schedule; receipts go out with the next run
    assert sent == {1, 3, 4, 5, 7, 8, 15}


def test_books_and_log_are_clean_after_it(month: tuple[Path, str, dict]) -> None:
    directory, _, _ = month
    assert billing("verify", "--dir", directory).exit_code == 0
    assert billing("audit", "verify", "--dir", directory).exit_code == 0


@pytest.mark.parametrize("through", ["2026-03-15", "2026-03-10"])
def test_played_again_or_less_far_it_changes_nothing(month: tuple[Path, str, dict], through: str) -> None:
    directory, _, _ = month
    before = contents(directory)
    again = answer(billing("demo", "--through", through, "--dir", directory, "--json"))
    assert contents(directory) == before
    assert (again["generated"], again["collected"]["charged"]) == (0, 0)
    waiting = 2 if through == "2026-03-15" else 0
    assert again["dunning"] == {"entered": 6, "recovered": 4, "manual_review": waiting}


@pytest.mark.parametrize(
    ("through", "expected"),
    [
        ("2026-02-28", "2026-03-01, the day of the run, or a later one within a year"),
        ("2027-03-03", "2026-03-01, the day of the run, or a later one within a year"),
        ("2026-02-30", "a date such as 2026-02-01"),
        ("soon", "a date such as 2026-02-01"),
    ],
)
def test_a_day_that_can_not_be_played_to_is_refused_before_anything(
    tmp_path: Path, through: str, expected: str
) -> None:
    refused = billing("demo", "--through", through, "--dir", tmp_path / "new")
    assert (refused.exit_code, refused.stderr) == (
        2,
        f"billing: --through: expected {expected}, got '{through}'\n",
    )
    assert not (tmp_path / "new").exists()


def test_an_instant_in_the_middle_of_a_day_is_no_first_day(tmp_path: Path) -> None:
    given = ("--as-of", "2026-03-01T09:00:00+00:00", "--through", "2026-03-02")
    refused = billing("demo", *given, "--dir", tmp_path / "new")
    assert refused.exit_code == 2
    assert "--as-of: expected a date" in refused.stderr


def test_a_directory_with_later_records_is_not_played_over(tmp_path: Path) -> None:
    """The import is recorded today, long after the day that would be played."""
    imported = billing("import", a_book(tmp_path / "book"), "--dir", tmp_path / "books")
    assert imported.exit_code == 0
    refused = billing("demo", "--through", "2026-03-02", "--dir", tmp_path / "books")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "was worked on after 2026-03-01" in refused.stderr


def test_days_are_those_of_the_sellers_zone() -> None:
    story = story_of(a_tenant(zone="Pacific/Auckland"), as_of="2026-03-01", through="2026-03-03")
    [first, *_, last] = story.days_from(story.first)
    assert (first.isoformat(), last.isoformat()) == ("2026-03-01", "2026-03-03")
    # 00:05 in Auckland, 13 hours ahead of UTC in March
    assert story.at(first, time(0, 5)) == datetime(2026, 2, 28, 11, 5, tzinfo=UTC)


def test_a_day_that_was_left_half_way_begins_after_what_is_recorded_of_it(tmp_path: Path) -> None:
    """Something was recorded at three minutes past one, when the demo was killed."""
    engine = local_engine(tmp_path, payment_link_base="")
    story = Story(tenant_id="acme", zone="UTC", first=date(2026, 3, 1), through=date(2026, 3, 2))
    killed_at = datetime(2026, 3, 1, 1, 3, tzinfo=UTC)
    record = AuditRecord(
        entity="invoices/i", event="x", actor="t", at=killed_at, before="", after="", reason="", request_id=""
    )
    log = AuditLog.of(engine.documents, "acme")
    engine.documents.commit([log.batch([record], batch_id="b", recorded_at=killed_at)])

    playing = begin(engine, story, directory=tmp_path)

    assert not playing.is_begun
    assert timedelta(0) < playing.clock.now() - killed_at <= timedelta(minutes=1, seconds=1)


def test_a_book_without_cards_is_played_without_a_sandbox(tmp_path: Path) -> None:
    """Its invoices are to be paid by transfer within 30 days, so nobody is chased in the first two."""
    told = billing("demo", "--book", ROOT / "samples" / "price-models", "--through", "2026-03-02", "--dir", tmp_path)
    assert told.exit_code == 0, told.stderr
    assert "dunning: 0 entered, 0 recovered, 0 in manual review" in told.stdout
    assert not (tmp_path / "sandbox.sqlite3").exists()
