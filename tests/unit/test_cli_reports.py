"""`billing report`: the February book's figures, as its source states them or worked out from its files."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from billing.ports import Delete, Query
from billing.wiring import local_engine
from tests.command_line import BOOK, DUE, answer, billing

REPORTS = ("mrr", "outstanding", "revenue-by-customer", "churn-risk")


@pytest.fixture(scope="module")
def february(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The book billed as of 1 March, without a payment."""
    directory = tmp_path_factory.mktemp("february")
    assert billing("import", BOOK, "--dir", directory).exit_code == 0
    assert billing("run", *DUE, "--dir", directory).exit_code == 0
    return directory


@pytest.fixture
def imported(tmp_path: Path) -> Path:
    """Nothing is billed yet."""
    assert billing("import", BOOK, "--dir", tmp_path / "books").exit_code == 0
    return tmp_path / "books"


def report(name: str, directory: Path, *options: str) -> dict:
    return answer(billing("report", name, *DUE, *options, "--dir", directory, "--json"))


def test_the_three_figures_that_the_source_states(february: Path) -> None:
    (section,) = report("mrr", february)["sections"]
    assert section["recurring"]["amount"] == "14892.00"
    assert (section["usage"]["month"], section["usage"]["amount"]) == ("2026-02", "31204.50")
    assert (section["invoiced_with_tax"]["amount"], section["invoiced_with_tax"]["invoices"]) == ("47829.14", 187)


def test_recurring_revenue_is_that_of_the_add_ons_on_each_day(february: Path) -> None:
    prices = {"premium-support": 99, "dedicated-ip": 49}
    with (BOOK / "addons.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    (section,) = report("mrr", february)["sections"]
    for point in section["trend"]:
        running = [row for row in rows if row["started_on"] <= point["on"] <= (row["ended_on"] or "9999")]
        expected = sum(prices[row["addon_id"]] * Decimal(row["quantity"]) for row in running)
        assert Decimal(point["recurring"]) == expected, point["on"]
    assert section["recurring"]["a_month_before"] == "13758.00"
    assert section["recurring"]["growth_percent"] == "8.2"  # 1,134 / 13,758
    assert section["recurring"]["movements"]["new"] == {"customers": 12, "amount": "1134.00"}


def test_everything_is_current_on_the_day_of_the_run_and_grows_old_together(february: Path) -> None:
    def buckets(as_of: str) -> dict[str, str]:
        told = answer(billing("report", "outstanding", "--as-of", as_of, "--dir", february, "--json"))
        (section,) = told["sections"]
        return {each["bucket"]: each["amount_due"] for each in section["buckets"] if each["invoices"]}

    assert buckets("2026-03-31") == {"current": "47829.14"}  # net 30 from 1 March
    assert buckets("2026-04-01") == {"days_1_to_30": "47829.14"}
    assert buckets("2026-05-30") == {"days_31_to_60": "47829.14"}
    assert buckets("2026-05-31") == {"over_60": "47829.14"}


def test_the_twenty_greatest_customers_and_all_of_them(february: Path) -> None:
    (section,) = report("revenue-by-customer", february)["sections"]
    # usage + flat + proration: 31,204.50 + 14,892.00 - 412.36
    assert (section["revenue"], section["customers"]) == ("45684.14", 187)
    assert len(section["top"]) == 20
    first, second, *_ = section["top"]
    # 4,126,104 calls: 90.00 + 4,026,104 x 0.0005 = 2,103.05; and premium support, 99.00
    assert (first["customer_id"], first["revenue"]) == ("acct-1068", "2202.05")
    # 2,203,124 calls: 90.00 + 2,103,124 x 0.0005 = 1,141.56; and a dedicated IP, 49.00
    assert (second["customer_id"], second["revenue"], second["change_percent"]) == ("acct-1114", "1190.56", None)
    assert len(report("revenue-by-customer", february, "--top", "3")["sections"][0]["top"]) == 3


def test_the_three_accounts_with_falling_usage(february: Path) -> None:
    customers = report("churn-risk", february)["customers"]
    assert [each["customer_id"] for each in customers] == ["acct-1081", "acct-1099", "acct-1110"]
    quantities = [month["quantity"] for month in customers[1]["falling_usage"][0]["months"]]
    assert quantities == ["1332140", "666070", "266428"]


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_a_table_without_colour_and_a_csv_with_the_same_columns_in_each_row(
    february: Path, tmp_path: Path, name: str
) -> None:
    told = billing("report", name, *DUE, "--dir", february)
    assert (told.exit_code, told.stderr) == (0, "")
    assert "\x1b" not in told.stdout
    file = tmp_path / "report.csv"
    written = billing("report", name, *DUE, "--dir", february, "--csv", file)
    assert (written.exit_code, written.stdout, written.stderr) == (0, "", f"written to {file}\n")
    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.reader(opened))
    assert len(rows) > 1
    assert {len(row) for row in rows} == {len(rows[0])}
    shown = billing("report", name, *DUE, "--dir", february, "--csv", "-")
    assert shown.stdout_bytes == file.read_bytes()


def test_before_anything_is_billed_nothing_is_due_or_ranked(imported: Path) -> None:
    assert billing("report", "outstanding", *DUE, "--dir", imported).stdout.startswith("Nothing is outstanding.\n")
    assert billing("report", "revenue-by-customer", "--dir", imported, *DUE).stdout == (
        "Nothing was invoiced for 2026-02.\n"
    )
    told = billing("report", "churn-risk", "--as-of", "2025-12-01", "--dir", imported).stdout
    assert told.startswith("Nobody is at risk")


def test_without_a_plan_nothing_recurs(imported: Path) -> None:
    documents = local_engine(imported, payment_link_base="http://127.0.0.1:8080").documents
    for name in ("subscriptions", "plans"):
        paths = [each.path for each in documents.query(Query(f"tenants/acme-api/{name}", fields=("id",)))]
        documents.commit([Delete(path) for path in paths])
    told = billing("report", "mrr", *DUE, "--dir", imported)
    assert told.stdout == "There is no plan, so nothing recurs.\n"


def test_what_can_not_be_answered_is_refused(february: Path, tmp_path: Path) -> None:
    both = billing("report", "mrr", "--dir", february, "--csv", "-", "--json")
    assert both.exit_code == 2
    assert "--csv - and --json both want stdout" in both.stderr
    assert billing("report", "revenue-by-customer", "--top", "201", "--dir", february).exit_code == 2
    late = billing("report", "mrr", "--as-of", "tomorrow", "--dir", february)
    assert (late.exit_code, late.stdout) == (2, "")
    assert "--as-of: expected 2026-03-01" in late.stderr
    nowhere = billing("report", "mrr", "--dir", february, "--csv", tmp_path / "missing" / "mrr.csv")
    assert nowhere.exit_code == 2
    assert "Traceback" not in nowhere.stderr
