"""`billing reviews`: the queue of what waits for a decision, as a list and one by one."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from rich.markup import escape

from billing.cli.directory import open_place
from billing.cli.place import Place
from billing.cli.screen import Json, answers, columns, write_json
from billing.domain.errors import NotFound
from billing.domain.review import Review, ReviewKind, ReviewStatus, review_of_case
from billing.ports import Documents
from billing.store.codec import encode
from billing.store.dunning_cases import DunningCases
from billing.store.invoices import Invoices
from billing.store.reviews import Reviews


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFilter:
    """Which cases to list; None leaves a condition out."""

    status: ReviewStatus | None
    kind: ReviewKind | None
    limit: int


def show_list(wanted: ReviewFilter, *, place: Place) -> None:
    """Print the first cases that are wanted, unpaid invoices before held ones, and whether there are more."""
    engine, tenant = open_place(place)
    found = list(islice(_wanted(engine.documents, wanted, tenant_id=tenant.id), wanted.limit + 1))
    shown, more = found[: wanted.limit], len(found) > wanted.limit
    if place.as_json:
        write_json({"tenant_id": tenant.id, "reviews": [_json(each) for each in shown], "more": more})
    else:
        _print_list(shown, more=more)


def show_one(review_id: str, *, place: Place) -> None:
    """Print one case, by its own id or the latest about the invoice of that id; NotFound where there is none.

    An unpaid invoice that waits is known by its number too.
    """
    engine, tenant = open_place(place)
    review = _unpaid(engine.documents, review_id, tenant_id=tenant.id)
    review = review or _kept(Reviews.of(engine.documents, tenant.id), review_id)
    if review is None:
        raise NotFound("review", review_id)
    if place.as_json:
        write_json(_json(review))
    else:
        _print_one(review)


def _wanted(documents: Documents, wanted: ReviewFilter, *, tenant_id: str) -> Iterator[Review]:
    """What was decided of an unpaid invoice stands on its case, so only those that wait are found here."""
    if wanted.kind in (None, ReviewKind.DUNNING) and wanted.status in (None, ReviewStatus.OPEN):
        waiting = (review_of_case(each.value) for each in DunningCases.of(documents, tenant_id).in_review())
        yield from (each for each in waiting if each is not None)
    if wanted.kind is not ReviewKind.DUNNING:
        kept = Reviews.of(documents, tenant_id).list(status=wanted.status, kind=wanted.kind)
        yield from (each.value for each in kept)


def _unpaid(documents: Documents, id_or_number: str, *, tenant_id: str) -> Review | None:
    try:
        return review_of_case(Invoices.of(documents, tenant_id).named(id_or_number).value)
    except NotFound:
        return None


def _kept(reviews: Reviews, review_id: str) -> Review | None:
    [found] = reviews.get([review_id])
    about = [found] if found is not None else reviews.about([f"invoices/{review_id}"])
    return about[-1].value if about else None


def _json(review: Review) -> Json:
    return {**encode(review), "invoice_id": review.invoice_id, "command": _command(review)}


def _command(review: Review) -> str:
    """What looks at it closer."""
    if review.kind is ReviewKind.DUNNING:
        return f"billing dunning show {review.figures['number']}"
    return f"billing reviews show {review.id}"


def _print_list(reviews: list[Review], *, more: bool) -> None:
    console = answers()
    if not reviews:
        console.print("Nothing waits.")
        return
    table = columns("bold", "", "", "dim")
    table.add_row("Invoice", "Customer", "Why", "Status", style="dim")
    for each in reviews:
        status = each.resolution or each.status
        invoice = each.figures["number"] if each.kind is ReviewKind.DUNNING else each.invoice_id
        table.add_row(escape(invoice), escape(each.customer_id), escape(each.reason), status.value)
    console.print(table)
    if any(each.kind is ReviewKind.DUNNING for each in reviews):
        console.print("Unpaid ones: `billing dunning show NUMBER` says more.", style="dim")
    if more:
        console.print("There are more; see --limit.", style="dim")


def _print_one(review: Review) -> None:
    console = answers()
    status = review.resolution or review.status
    console.print(f"[bold]{escape(review.invoice_id)}[/]  {status.value}")
    console.print()
    table = columns("dim", "")
    table.add_row("Why", escape(review.reason))
    table.add_row("Customer", escape(review.customer_id))
    for name, figure in review.figures.items():
        table.add_row(name.replace("_", " ").capitalize(), escape(figure))
    table.add_row("Opened", f"{review.opened_at:%Y-%m-%d %H:%M} UTC")
    if review.resolved_at is not None:
        table.add_row("Decided", f"{review.resolved_at:%Y-%m-%d %H:%M} UTC by {escape(review.actor)}")
    if review.note:
        table.add_row("Note", escape(review.note))
    console.print(table)
    if review.kind is ReviewKind.DUNNING:
        console.print(f"\n{escape(_command(review))}", soft_wrap=True)
