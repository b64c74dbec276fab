"""`billing report`: computes a report and answers with a table, JSON or CSV."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from billing.cli.directory import call_on, instant_of, instant_or_now, open_place
from billing.cli.errors import Refused
from billing.cli.place import Place
from billing.cli.report_json import churn_json, mrr_json, outstanding_json, revenue_json
from billing.cli.report_tables import print_churn, print_mrr, print_outstanding, print_revenue
from billing.cli.screen import Json, complaints, write_json
from billing.render.report_csv import churn_csv, mrr_csv, outstanding_csv, revenue_csv
from billing.usecases.report_churn_risk import report_churn_risk
from billing.usecases.report_mrr import report_mrr
from billing.usecases.report_outstanding import report_outstanding
from billing.usecases.report_revenue_by_customer import report_revenue_by_customer


def show_mrr(as_of: str | None, *, csv: str | None, place: Place) -> None:
    """Print monthly recurring revenue, or write it as CSV."""
    engine, tenant = open_place(place)
    at = instant_or_now(as_of, zone=tenant.zone)
    report = report_mrr(engine.documents, tenant.id, as_of=at)
    _answer(
        csv, lines=mrr_csv(report.sections), table=lambda: print_mrr(report), json=lambda: mrr_json(report), place=place
    )


def show_outstanding(as_of: str | None, *, csv: str | None, place: Place) -> None:
    """Print what is outstanding, or write it as CSV."""
    engine, tenant = open_place(place)
    now = call_on(tenant).recorded_at
    at = now if as_of is None else instant_of(as_of, zone=tenant.zone)
    report = report_outstanding(engine.documents, tenant.id, as_of=at, now=now)
    _answer(
        csv,
        lines=outstanding_csv(report.sections, on=report.on),
        table=lambda: print_outstanding(report),
        json=lambda: outstanding_json(report),
        place=place,
    )


def show_revenue(as_of: str | None, *, top: int, csv: str | None, place: Place) -> None:
    """Print the greatest customers, or write them as CSV."""
    engine, tenant = open_place(place)
    at = instant_or_now(as_of, zone=tenant.zone)
    report = report_revenue_by_customer(engine.documents, tenant.id, as_of=at, top=top)
    _answer(
        csv,
        lines=revenue_csv(report.sections, month=report.month, names=dict(report.names)),
        table=lambda: print_revenue(report),
        json=lambda: revenue_json(report),
        place=place,
    )


def show_churn(as_of: str | None, *, csv: str | None, place: Place) -> None:
    """Print the customers at risk, or write them as CSV."""
    engine, tenant = open_place(place)
    now = call_on(tenant).recorded_at
    at = now if as_of is None else instant_of(as_of, zone=tenant.zone)
    report = report_churn_risk(engine.documents, tenant.id, as_of=at, now=now)
    _answer(
        csv,
        lines=churn_csv(report.customers, names=dict(report.names)),
        table=lambda: print_churn(report),
        json=lambda: churn_json(report),
        place=place,
    )


def _answer(
    csv: str | None, *, lines: Iterable[str], table: Callable[[], None], json: Callable[[], Json], place: Place
) -> None:
    if csv == "-":
        if place.as_json:
            message = "--csv - and --json both want stdout: use one of them, or --csv FILE"
            raise Refused(message)
        sys.stdout.writelines(lines)
        return
    if csv is not None:
        Path(csv).write_text("".join(lines), encoding="utf-8", newline="")
        complaints().print(f"written to {csv}", markup=False)
    if place.as_json:
        write_json(json())
    elif csv is None:
        table()
