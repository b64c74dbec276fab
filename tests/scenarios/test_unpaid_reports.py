"""What a past date means for a payment that failed: only invoices that were issued by then are at risk."""

import pytest

from billing.sandbox.server import RunningSandbox
from billing.usecases.report_churn_risk import report_churn_risk
from tests.builders import utc
from tests.collected_invoice import running, sandbox, world
from tests.collecting import CardWorld
from tests.unpaid import NUMBER, dunned_on, fails

__all__ = ["running", "sandbox", "world"]


@pytest.mark.parametrize(
    ("as_of", "failed"), [("2025-01-01", []), ("2026-01-31", []), ("2026-02-01", [NUMBER]), ("2026-03-01", [NUMBER])]
)
def test_a_failure_counts_from_the_day_on_which_its_invoice_was_issued(
    sandbox: RunningSandbox, world: CardWorld, as_of: str, failed: list[str]
) -> None:
    fails(sandbox, world)
    dunned_on(world, "2026-02-01")
    now = utc("2026-03-05")
    report = report_churn_risk(world.documents, world.tenant.id, as_of=utc(as_of), now=now)
    assert [each.number for customer in report.customers for each in customer.failures] == failed
    assert (report.as_of, report.unpaid_at) == (utc(as_of), now)
