"""Ways to break the sound book of `book_folder`, and what errors say of days and ids."""

from tests.book_folder import TABLES

DAYS = "from 1980-01-01 to 2149-12-31"
ID = "1 to 100 letters, digits or . _ @ : ~ + - (a letter or digit first)"


def swapped(table: str, before: str, after: str) -> dict[str, str]:
    assert before in TABLES[table]
    return {table: TABLES[table].replace(before, after, 1)}


def added(table: str, row: str) -> dict[str, str]:
    return {table: f"{TABLES[table]}{row}\n"}


def usage(*rows: str, header: str = "customer_id,date,metric,quantity") -> dict[str, str]:
    return {"usage": "\n".join([header, *rows, ""])}
