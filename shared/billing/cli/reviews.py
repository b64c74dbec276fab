"""`billing reviews`: the queue of what waits for a decision, as a list and one by one."""

from dataclasses import dataclass
from itertools import islice

from rich.markup import escape

from billing.cli.directory import open_place
from billing.cli.place import Place
from billing.cli.screen import Json, answers, columns, write_json
from billing.domain.errors import NotFound
from billing.domain.review import Review, ReviewKind, ReviewStatus
from billing.store.codec import encode
from billing.store.reviews import Reviews


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFilter:
    """Which cases to list; None leaves a condition out."""

    status: ReviewStatus | None
    kind: ReviewKind | None
    limit: int


def show_list(wanted: ReviewFilter, *, place: Place) -> None:
    """Print the first cases that are wanted, by subscription, and whether there are more."""
    tenant_id, reviews = _opened(place)
    found = list(islice(reviews.list(status=wanted.status, kind=wanted.kind), wanted.limit + 1))
    shown, more = [each.value for each in found[: wanted.limit]], len(found) > wanted.limit
    if place.as_json:
        write_json({"tenant_id": tenant_id, "reviews": [_json(each) for each in shown], "more": more})
    else:
        _print_list(shown, more=more)


def show_one(review_id: str, *, place: Place) -> None:
    """Print one case, by its own id or the latest about the invoice of that id; NotFound where there is none."""
    _, reviews = _opened(place)
    [found] = reviews.get([review_id])
    about = [found] if found is not None else reviews.about([f"invoices/{review_id}"])
    if not about:
        raise NotFound("review", review_id)
    if place.as_json:
        write_json(_json(about[-1].value))
    else:
        _print_one(about[-1].value)


def _opened(place: Place) -> tuple[str, Reviews]:
    engine, tenant = open_place(place)
    return tenant.id, Reviews.of(engine.documents, tenant.id)


def _json(review: Review) -> Json:
    return {**encode(review), "invoice_id": review.invoice_id}


def _print_list(reviews: list[Review], *, more: bool) -> None:
    console = answers()
    if not reviews:
        console.print("Nothing waits.")
        return
    table = columns("bold", "", "", "dim")
    table.add_row("Invoice", "Customer", "Why", "Status", style="dim")
    for each in reviews:
        status = each.resolution or each.status
        table.add_row(escape(each.invoice_id), escape(each.customer_id), escape(each.reason), status.value)
    console.print(table)
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
        table.add_row(name.capitalize(), escape(figure))
    table.add_row("Opened", f"{review.opened_at:%Y-%m-%d %H:%M} UTC")
    if review.resolved_at is not None:
        table.add_row("Decided", f"{review.resolved_at:%Y-%m-%d %H:%M} UTC by {escape(review.actor)}")
    if review.note:
        table.add_row("Note", escape(review.note))
    console.print(table)
