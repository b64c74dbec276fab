"""`/api/billing/runs`: what billing runs, dunning runs and verifications were asked and did."""

from datetime import datetime
from typing import Annotated, Any

from billing.api.routes.books import Books, reading
from billing.api.routes.models import AnswerModel, NamedId
from billing.api.routes.noun import noun
from billing.api.routes.paging import Paged, Paging
from billing.domain.errors import NotFound
from billing.ports import Document
from billing.store.fan_outs import KIND, tenant_parts
from billing.store.pages import page_by_id
from billing.store.runs import Runs

router = noun("runs")
Reading = Annotated[Books, reading("runs")]


class RunFailureAnswer(AnswerModel):
    """What could not be billed or chased, and why."""

    subject: str
    code: str
    message: str


class RunTotalAnswer(AnswerModel):
    """What a run invoiced in one currency, in minor units."""

    currency: str
    tax: int
    total: int


class RunAnswer(AnswerModel):
    """A run: who asked, as of when, whether it came to its end, and how many of each outcome there were.

    One of the kind `fan_out` was spread over tasks: its failures are the parts that were given up, and the runs of its
    parts name it in `fan_out`.
    """

    id: str
    kind: str
    actor: str
    recorded_at: datetime
    as_of: datetime
    complete: bool
    counts: dict[str, int]
    failed: int
    failures: list[RunFailureAnswer]
    totals: list[RunTotalAnswer]
    fan_out: str | None = None


@router.get("")
def list_runs(books: Reading, paging: Paging) -> Paged[RunAnswer]:
    """List runs in the order of their ids."""
    found = page_by_id(Runs.of(books.documents, books.tenant_id).collection, paging.wanted, read=run_answer)
    return paging.answer(found, RunAnswer, id_of=lambda each: each.id)


@router.get("/{run_id}")
def get_run(run_id: NamedId, books: Reading) -> RunAnswer:
    """One run."""
    [found] = Runs.of(books.documents, books.tenant_id).collection.get([run_id])
    if found is None:
        raise NotFound("run", run_id)
    return run_answer(found)


def run_answer(document: Document) -> RunAnswer:
    """A run's record as it is shown."""
    fields: dict[str, Any] = document.fields
    if fields.get("kind") == KIND:
        return _spread(document)
    counts = {name: value for name, value in fields.items() if isinstance(value, int) and not isinstance(value, bool)}
    counts |= {f"skipped.{name}": number for name, number in fields.get("skipped", {}).items()}
    counts |= {f"kinds.{name}": number for name, number in fields.get("kinds", {}).items()}
    counts |= {f"actions.{name}": number for name, number in fields.get("actions", {}).items()}
    return RunAnswer(
        id=document.id,
        kind=fields.get("kind", "billing"),
        actor=fields["actor"],
        recorded_at=fields["recorded_at"],
        as_of=fields["as_of"],
        complete=fields["complete"],
        counts={name: number for name, number in counts.items() if name not in ("schema_version", "failed")},
        failed=fields["failed"],
        failures=[
            RunFailureAnswer(
                subject=each.get("subscription_id") or each.get("invoice_id", ""),
                code=each["code"],
                message=each["message"],
            )
            for each in fields["failures"]
        ],
        totals=[RunTotalAnswer.model_validate(each) for each in fields.get("totals", [])],
        fan_out=fields.get("fan_out"),
    )


def _spread(document: Document) -> RunAnswer:
    fields, parts = document.fields, tenant_parts(document)
    dead = [RunFailureAnswer(subject=part, code=each.code, message=each.message) for part, each in parts.dead.items()]
    return RunAnswer.model_validate(
        {
            "id": document.id,
            **{name: fields[name] for name in ("kind", "actor", "recorded_at", "as_of")},
            "complete": parts.complete,
            "counts": {
                "shards": parts.shards,
                "parts_done": len(parts.done),
                "parts_waiting": 0 if parts.complete else len(parts.waiting),
            },
            "failed": len(dead),
            "failures": dead,
            "totals": [],
        }
    )
