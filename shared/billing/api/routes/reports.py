"""`/api/billing/mrr`, `/outstanding`, `/revenue-by-customer`, `/churn-risk`: as JSON, or as CSV for a spreadsheet."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request, Response

from billing.api.accept import prefers
from billing.api.routes.books import Books, reading
from billing.api.routes.models import DayOrInstant
from billing.api.routes.noun import noun
from billing.api.routes.report_answers import ChurnRiskAnswer, MrrAnswer, OutstandingAnswer, RevenueAnswer
from billing.render.report_csv import churn_csv, mrr_csv, outstanding_csv, revenue_csv
from billing.usecases.report_churn_risk import ChurnRiskReport, report_churn_risk
from billing.usecases.report_mrr import report_mrr
from billing.usecases.report_outstanding import report_outstanding
from billing.usecases.report_revenue_by_customer import RevenueReport, report_revenue_by_customer

router = noun("reports", at="")
CSV = "text/csv"
_VARY = {"Vary": "Accept"}
AS_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {CSV: {"schema": {"type": "string"}}}}}


def _as_csv(
    request: Request,
    response: Response,
    format: Annotated[  # noqa: A002 - what the parameter is called
        Literal["json", "csv"] | None, Query(description="Without it, as the header Accept says")
    ] = None,
) -> bool:
    response.headers.update(_VARY)
    return format == "csv" if format else prefers(request.headers.get("accept", ""), CSV, to="application/json")


def _instant(
    books: Annotated[Books, reading("reports")],
    as_of: Annotated[DayOrInstant | None, Query(description="Without it, now")] = None,
) -> datetime:
    return books.instant("as_of", as_of) or books.call.recorded_at


Reading = Annotated[Books, reading("reports")]
AsOf = Annotated[datetime, Depends(_instant)]
AsCsv = Annotated[bool, Depends(_as_csv)]


@router.get("/mrr", responses=AS_CSV, response_model=MrrAnswer)
def get_mrr(books: Reading, as_of: AsOf, as_csv: AsCsv) -> MrrAnswer | Response:
    """Monthly recurring revenue with its movements and weekly trend; beside it usage and the invoiced total."""
    report = report_mrr(books.documents, books.tenant_id, as_of=as_of)
    return _csv("mrr", mrr_csv(report.sections)) if as_csv else MrrAnswer.model_validate(report)


@router.get("/outstanding", responses=AS_CSV, response_model=OutstandingAnswer)
def get_outstanding(books: Reading, as_of: AsOf, as_csv: AsCsv) -> OutstandingAnswer | Response:
    """What is still to be paid, by days past due: current, 1-30, 31-60, over 60.

    Of a past day it is what was issued by then and is unpaid now: what was paid since is left out.
    """
    report = report_outstanding(books.documents, books.tenant_id, as_of=as_of, now=books.call.recorded_at)
    if as_csv:
        return _csv("outstanding", outstanding_csv(report.sections, on=report.on))
    return OutstandingAnswer.model_validate(report)


@router.get("/revenue-by-customer", responses=AS_CSV, response_model=RevenueAnswer)
def get_revenue(
    books: Reading, as_of: AsOf, as_csv: AsCsv, *, top: Annotated[int, Query(ge=1, le=200)] = 20
) -> RevenueAnswer | Response:
    """The customers with the most revenue of the last closed month, and how it changed."""
    report = report_revenue_by_customer(books.documents, books.tenant_id, as_of=as_of, top=top)
    if as_csv:
        return _csv("revenue-by-customer", revenue_csv(report.sections, month=report.month, names=dict(report.names)))
    return RevenueAnswer.model_validate(_named(report))


@router.get("/churn-risk", responses=AS_CSV, response_model=ChurnRiskAnswer)
def get_churn_risk(books: Reading, as_of: AsOf, as_csv: AsCsv) -> ChurnRiskAnswer | Response:
    """Customers whose use fell twice in a row or whose payment failed, with the figures that say so.

    Failures are those that are unpaid now, of invoices that were issued by `as_of`.
    """
    report = report_churn_risk(books.documents, books.tenant_id, as_of=as_of, now=books.call.recorded_at)
    if as_csv:
        return _csv("churn-risk", churn_csv(report.customers, names=dict(report.names)))
    return ChurnRiskAnswer.model_validate(_named(report))


def _named(report: RevenueReport | ChurnRiskReport) -> dict[str, Any]:
    """The report's fields, with the names by customer."""
    return {each.name: getattr(report, each.name) for each in fields(report)} | {"names": dict(report.names)}


def _csv(name: str, lines: Iterable[str]) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', **_VARY}
    return Response("".join(lines), media_type=CSV, headers=headers)
