"""The first books of an empty directory: the February book, its cards saved at the sandbox, nothing billed yet."""

from pathlib import Path

from billing.cli.demo import sample_book
from billing.cli.demo_collecting import save_cards, with_choices
from billing.cli.import_book import read_book, store_book
from billing.wiring import local_engine

SERVED = "serve.lock"
"""Marks a directory as served; it says nothing of what is in there."""

_UNFINISHED = "seed-unfinished"


def needs_seed(directory: Path) -> bool:
    """Whether there is nothing in the directory yet, or no more than the start of a seed that was interrupted."""
    if not directory.exists():
        return True
    names = {each.name for each in directory.iterdir()} - {SERVED}
    return not names or _UNFINISHED in names


def seed(directory: Path, *, with_cards: bool) -> None:
    """Put the book into the directory, which mails into it; again after an interruption.

    Refused where the sample did not come with the program, Unavailable while another process has the directory.
    """
    unfinished = directory / _UNFINISHED
    unfinished.touch()
    engine = local_engine(directory, payment_link_base="")
    book = with_choices(engine, read_book(sample_book()), mails=True)
    store_book(engine, book)
    if with_cards and book.tenant.gateway:
        save_cards(engine, book, directory=directory)
    unfinished.unlink()
