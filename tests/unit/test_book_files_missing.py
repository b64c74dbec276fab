"""What is missing in a book is said, and said once."""

from pathlib import Path

from tests.book_folder import book_folder, errors_of


def test_a_link_to_nowhere_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    for name in ("usage.csv", "coupons.json", "addons.csv"):
        folder = tmp_path / name
        folder.mkdir()
        book_folder(folder, **({} if name == "coupons.json" else {name.removesuffix(".csv"): None}))
        (folder / name).symlink_to(folder / "elsewhere")
        way_out = "" if name == "coupons.json" else "; with no rows to give, give its header alone"
        assert errors_of(folder) == [f"{name}: the file is missing{way_out}"]


def test_an_empty_quantity_is_no_error_of_its_own_where_a_wrong_plan_leaves_its_meter_open(tmp_path: Path) -> None:
    counted = "customer_id,date,metric,quantity\nc-1,2026-02-01,calls,\n"
    assert errors_of(book_folder(tmp_path, plan="{", usage=counted)) == [
        "plan.json:1: column 2: expected JSON: Expecting property name enclosed in double quotes"
    ]
