"""`billing dunning list`, `show`, `resolve`, `pause`, `resume`, and unpaid invoices among `billing reviews`.

Two invoices of 49.00 of 1 February 2025. Lumen's card was reported stolen, so it waits for a person from that day on,
and is suspended by the run of 4 March. Acme pays by transfer: overdue from 4 March, reminded on the 7th.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import Result

from billing.domain.invoice import CollectionMethod, Invoice
from billing.sandbox.server import RunningSandbox
from billing.store.invoices import Invoices
from billing.usecases.change_invoice import change_invoice
from billing.wiring import local_engine
from tests.collected_invoice import running, sandbox
from tests.collecting import CardWorld, card_world
from tests.command_line import asked, billing

__all__ = ["running", "sandbox"]

STOLEN, REMINDED = "INV-2025-01-0002", "INV-2025-01-0001"
ON_8_MARCH = ("--as-of", "2025-03-08")


@pytest.fixture
def world(sandbox: RunningSandbox, tmp_path: Path) -> CardWorld:
    world = card_world(sandbox, documents=local_engine(tmp_path, payment_link_base="").documents)
    world.joins("acme", card=None, collection_method=CollectionMethod.SEND_INVOICE, on="2025-01-01")
    world.joins("lumen", card=None, on="2025-01-01")
    card = world.saves_card("lumen")
    sandbox.control("POST", f"payment_methods/{card}/decline", {"code": "stolen_card"})
    world.travels_to("2025-02-01T01:00")
    world.runs_billing(sweeps=False)
    for day in ("2025-02-01", "2025-03-04", "2025-03-07"):
        world.travels_to(f"{day}T01:00")
        world.runs_dunning()
    return world


@pytest.fixture
def directory(world: CardWorld, tmp_path: Path) -> Path:
    return tmp_path


def dunning(*arguments: str, directory: Path) -> Result:
    return billing("dunning", *arguments, directory=directory)


def rows(result: Result) -> list[list[str]]:
    """The words of each line, apart by two blanks or more."""
    assert result.exit_code == 0, result.stderr
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in result.stdout.splitlines()]


def test_the_list_says_how_far_each_is_and_what_comes_next(directory: Path) -> None:
    assert rows(dunning("list", *ON_8_MARCH, directory=directory))[1:] == [
        [
            STOLEN,
            "lumen",
            "49.00 USD",
            "suspended",
            "35",
            "decide: the payment was declined as stolen_card",
        ],
        [REMINDED, "acme", "49.00 USD", "reminder sent", "4", "2025-03-11 urgent notice"],
    ]


def test_the_list_as_json_has_the_figures(directory: Path) -> None:
    [stolen, reminded] = asked("dunning", "list", *ON_8_MARCH, directory=directory)["cases"]
    assert (stolen["number"], stolen["in_review"], stolen["next"]) == (STOLEN, True, None)
    assert stolen["review"] == {
        "reason": "the payment was declined as stolen_card",
        "opened_at": "2025-02-01T01:00:00+00:00",
    }
    assert (reminded["amount_due"], reminded["day"], reminded["started_on"], reminded["cause"]) == (
        "49.00",
        4,
        "2025-03-04",
        "overdue",
    )
    assert (reminded["next"]["on"], reminded["next"]["notice"], reminded["next"]["retry"]) == (
        "2025-03-11",
        "urgent_notice",
        False,
    )


@pytest.mark.parametrize(
    ("arguments", "numbers"),
    [
        (("--review",), [STOLEN]),
        (("--state", "reminder_sent"), [REMINDED]),
        (("--state", "paid"), []),
        (("--customer", "acme"), [REMINDED]),
        (("--customer", "acme", "--review"), []),
        (("--limit", "1"), [STOLEN]),
    ],
)
def test_the_list_is_narrowed(directory: Path, arguments: tuple[str, ...], numbers: list[str]) -> None:
    found = asked("dunning", "list", *arguments, directory=directory)
    assert [each["number"] for each in found["cases"]] == numbers
    assert found["more"] == ("--limit" in arguments)


def test_of_steps_that_are_late_the_one_that_will_be_done_is_named(directory: Path) -> None:
    listed = rows(dunning("list", "--customer", "acme", "--as-of", "2025-03-20", directory=directory))
    assert listed[1][-2:] == ["16", "2025-03-20 manual review"]
    shown = rows(dunning("show", REMINDED, "--as-of", "2025-03-20", directory=directory))
    late = ["2025-03-20", "day 7", "nothing to send or to charge", "passed over, as a later step is due"]
    assert late in shown


def test_nothing_to_list_is_said(directory: Path) -> None:
    assert dunning("list", "--state", "urgent_notice", directory=directory).stdout == "Nobody is chased.\n"
    assert dunning("list", "--review", "--customer", "acme", directory=directory).stdout == (
        "Nobody waits for a decision.\n"
    )


def test_a_case_shows_what_was_tried_and_what_can_be_decided(directory: Path) -> None:
    shown = rows(dunning("show", STOLEN, *ON_8_MARCH, directory=directory))
    assert [STOLEN, "suspended, day 35"] in shown
    assert ["Chased", "since 2025-02-01, as its charge failed"] in shown
    assert ["Review", "2025-02-01 01:00 UTC: the payment was declined as stolen_card"] in shown
    assert ["Service", "suspended since 2025-03-04 01:00 UTC"] in shown
    declined = "declined at its issue: stolen card (a person has to look)"
    assert ["2025-02-01", "49.00", declined, "Visa •••• 4242"] in shown
    assert [f"billing dunning resolve {STOLEN} --retry --note TEXT"] in shown
    assert [f"billing dunning resolve {STOLEN} --resume --note TEXT"] in shown


def test_a_case_shows_the_steps_behind_and_ahead_by_date(directory: Path) -> None:
    shown = rows(dunning("show", REMINDED, *ON_8_MARCH, directory=directory))
    assert [REMINDED, "reminder sent, day 4"] in shown
    assert ["2025-03-07", "day 3", "sent payment reminder", "the customer pays by transfer"] in shown
    coming = shown[shown.index(["Coming"]) + 1 :]
    assert [row[:3] for row in coming[:3]] == [
        ["2025-03-11", "day 7", "urgent notice"],
        ["2025-03-18", "day 14", "manual review"],
        ["2025-03-25", "day 21", "service suspended"],
    ]
    assert [f"billing dunning pause {REMINDED} --dispute"] in shown


def test_a_case_that_rests_for_a_debit_says_so_and_nothing_is_to_come(world: CardWorld, directory: Path) -> None:
    def pays_by_debit(invoice: Invoice) -> Invoice:
        return replace(invoice, page_payment_id="pi_1")

    number = Invoices.of(world.documents, world.tenant.id).named(REMINDED).value.id
    change_invoice(world.documents, number, pays_by_debit, event="invoice.page_payment", call=world.call())
    shown = rows(dunning("show", REMINDED, *ON_8_MARCH, directory=directory))
    assert any(row[:1] == ["Under way"] and row[1].startswith("pi_1, ") for row in shown)
    assert ["Coming"] not in shown
    said = asked("dunning", "show", REMINDED, *ON_8_MARCH, directory=directory)
    assert (said["page_payment_id"], said["coming"]) == ("pi_1", [])


def test_what_is_not_there_is_said_with_the_exit_code_of_wrong_input(directory: Path) -> None:
    missing = dunning("show", "INV-9", directory=directory)
    assert (missing.exit_code, missing.stderr) == (2, "billing: no invoice 'INV-9'\n")


def test_a_promise_rests_the_case_and_resume_lets_it_go_on(world: CardWorld, directory: Path) -> None:
    paused = asked("dunning", "pause", REMINDED, "--promise-until", "+10", "--note", "called", directory=directory)
    assert (paused["case"]["pause"]["reason"], paused["case"]["pause"]["note"]) == ("promise", "called")
    listed = rows(dunning("list", "--customer", "acme", directory=directory))[1][-1]
    assert listed == f"rests until {paused['case']['pause']['until']} (promise)"
    shown = dunning("show", REMINDED, directory=directory).stdout
    assert f"billing dunning resume {REMINDED}" in shown
    assert dunning("resume", REMINDED, directory=directory).stdout.startswith(f"{REMINDED} goes on. Next: ")
    again = dunning("resume", REMINDED, directory=directory)
    assert (again.exit_code, again.stdout.partition(".")[0]) == (0, f"{REMINDED} did not rest; nothing changed")


def test_a_dispute_rests_until_it_is_resumed(directory: Path) -> None:
    result = dunning("pause", REMINDED, "--dispute", directory=directory)
    assert result.stdout == f"{REMINDED} rests until it is resumed: the customer disputes it.\n"
    queued = dunning("pause", STOLEN, "--request", "--until", "+3", directory=directory)
    assert queued.stdout.endswith("somebody here asked for it. It still waits for a decision.\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("pause", REMINDED), "say one of --promise-until DATE, --dispute and --request"),
        (("pause", REMINDED, "--dispute", "--request"), "say one of --promise-until DATE, --dispute and --request"),
        (("pause", REMINDED, "--promise-until", "soon"), "until: expected a date such as 2026-03-20, or +7 for in 7"),
        (("pause", REMINDED, "--promise-until", "2025-03-01"), "until: expected a day after"),
        (("resolve", STOLEN, "--note", "x"), "say one of --retry, --extend-until DATE, --write-off and --resume"),
        (("resolve", STOLEN, "--retry", "--resume", "--note", "x"), "say one of --retry"),
        (("resolve", STOLEN, "--resume", "--note", " "), "note: expected why it was decided so"),
        (("resolve", STOLEN, "--write-off", "--note", "x"), f"Write {STOLEN} off? It can't be taken back. Say so with"),
        (("resolve", REMINDED, "--resume", "--note", "x"), f"the case of invoice {REMINDED} does not wait for a dec"),
    ],
)
def test_what_can_t_be_decided_is_refused_with_the_way_out(
    directory: Path, arguments: tuple[str, ...], message: str
) -> None:
    before = asked("dunning", "list", *ON_8_MARCH, directory=directory)
    result = dunning(*arguments, directory=directory)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"billing: {message}")
    assert asked("dunning", "list", *ON_8_MARCH, directory=directory) == before


def test_a_retry_that_is_declined_waits_on_and_one_with_a_new_card_is_paid(
    sandbox: RunningSandbox, world: CardWorld, directory: Path
) -> None:
    stripe = ("--stripe-key", world.key, "--stripe-url", sandbox.url)
    retry = ("resolve", STOLEN, "--retry", "--note", "they called", *stripe)
    declined = dunning(*retry, directory=directory)
    assert (declined.exit_code, declined.stdout) == (
        1,
        f"{STOLEN} was declined, stolen card: it stays in the queue.\n",
    )
    world.saves_card("lumen", card="pm_card_mastercard")
    assert dunning(*retry, directory=directory).stdout == f"{STOLEN} is paid: 49.00 USD by Mastercard •••• 4444.\n"
    again = asked("dunning", *retry, directory=directory)
    assert (again["case"]["state"], again["attempt"]["status"]) == ("paid", "succeeded")
    assert world.taken() == [4900]
    assert "Decided" in dunning("show", STOLEN, directory=directory).stdout
    over = dunning("resolve", STOLEN, "--resume", "--note", "x", directory=directory)
    assert (over.exit_code, over.stderr) == (
        2,
        f"billing: the case of invoice {STOLEN} is over, as it is paid: nobody is chased any more\n",
    )


def test_a_retry_that_the_bank_wants_confirmed_says_so(
    sandbox: RunningSandbox, world: CardWorld, directory: Path
) -> None:
    world.saves_card("lumen", card="pm_card_authenticationRequired")
    stripe = ("--stripe-key", world.key, "--stripe-url", sandbox.url)
    result = dunning("resolve", STOLEN, "--retry", "--note", "x", *stripe, directory=directory)
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{STOLEN} stays in the queue: the bank wants the customer to confirm the payment")


def test_the_other_ways_out_of_the_queue(directory: Path) -> None:
    extended = asked("dunning", "resolve", STOLEN, "--extend-until", "+5", "--note", "month end", directory=directory)[
        "case"
    ]
    assert (extended["in_review"], extended["pause"]["reason"]) == (False, "promise")
    assert extended["next"]["on"] == extended["pause"]["until"]
    dunning("resume", STOLEN, directory=directory)
    refused = dunning("resolve", STOLEN, "--resume", "--note", "x", directory=directory)
    assert refused.exit_code == 2
    assert "(cli decided: extended)" in refused.stderr


def test_back_on_its_schedule_the_next_step_is_named(directory: Path) -> None:
    result = dunning("resolve", STOLEN, "--resume", "--note", "found again", directory=directory)
    assert result.stdout.startswith(f"{STOLEN} is back on its schedule. Next: ")


def test_written_off_it_is_over(directory: Path) -> None:
    result = dunning("resolve", STOLEN, "--write-off", "--note", "insolvent", "--yes", directory=directory)
    assert (result.exit_code, result.stdout.partition(":")[0]) == (0, f"{STOLEN} is written off")
    assert rows(dunning("list", "--state", "written_off", directory=directory))[1][-1] == "over"
    shown = dunning("show", STOLEN, directory=directory).stdout
    assert "Now possible" not in shown
    assert "written off, insolvent" in shown


def test_an_unpaid_invoice_that_waits_is_among_the_reviews_with_its_command(directory: Path) -> None:
    [found] = asked("reviews", "list", directory=directory)["reviews"]
    assert (found["kind"], found["status"], found["command"]) == ("dunning", "open", f"billing dunning show {STOLEN}")
    assert found["figures"] == {"number": STOLEN, "due": "49.00", "currency": "USD"}
    assert asked("reviews", "list", "--kind", "dunning", directory=directory)["reviews"] == [found]
    assert asked("reviews", "list", "--kind", "guard", directory=directory)["reviews"] == []
    assert asked("reviews", "list", "--status", "resolved", directory=directory)["reviews"] == []
    assert asked("reviews", "show", STOLEN, directory=directory) == found
    shown = billing("reviews", "list", directory=directory).stdout
    assert STOLEN in shown
    assert "billing dunning show NUMBER" in shown
    assert f"billing dunning show {STOLEN}" in billing("reviews", "show", STOLEN, directory=directory).stdout


def test_an_invoice_that_nobody_is_chased_for_has_no_case(world: CardWorld, directory: Path) -> None:
    world.travels_to("2025-03-08T01:00")
    world.runs_billing(sweeps=False)
    [fresh] = [each.number for each in world.invoices("acme") if each.dunning is None]
    result = dunning("show", fresh, directory=directory)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"billing: invoice {fresh} is issued and nobody is chased for it")
