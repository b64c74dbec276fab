"""What a night costs a tenant for whom nothing is due: one who sleeps is to cost next to nothing."""

from pathlib import Path

from billing.domain.stamp import stamp
from billing.engine import Engine
from billing.ports import OperationCounts
from billing.usecases.dunning_run import DunningRequest
from billing.usecases.run_context import RunRequest
from billing.wiring import local_engine
from tests.builders import a_fee, a_meter, a_plan, utc
from tests.world import World

PLAN = a_plan(fees=[a_fee("49.00")], metered=[a_meter("1.00")], anchor_day=1)
TENANT = "acme"


def billed(engine: Engine, at: str) -> OperationCounts:
    counted = engine.counted()
    request = RunRequest(
        tenant_id=TENANT,
        as_of=utc(at),
        recorded_at=utc(at),
        run_id=f"bill-{stamp(utc(at))}",
        actor="scheduler",
        fan_out="20260201T000500Z-01234567",
    )
    assert counted.generate_invoices(request).complete
    return counted.operations


def chased(engine: Engine, at: str) -> OperationCounts:
    counted = engine.counted()
    request = DunningRequest(tenant_id=TENANT, as_of=utc(at), run_id=f"dun-{stamp(utc(at))}", actor="scheduler")
    assert counted.run_dunning(request).complete
    return counted.operations


def sleeping(folder: Path, *, subscriptions: int = 10) -> Engine:
    """A tenant whose bills of January are made, and nothing is due for a month."""
    template = World()
    for subscription in template.book(subscriptions, to=template.plan(PLAN), on="2026-01-01"):
        template.uses(subscription, "calls", "3", on="2026-01-20")
    engine = local_engine(folder, payment_link_base="https://pay.example")
    World(documents=engine.documents).copies(template)
    billed(engine, "2026-02-01T00:05")
    chased(engine, "2026-02-01T01:00")
    return engine


def test_a_night_with_nothing_due_reads_a_handful_for_each_run_however_many_subscriptions(tmp_path: Path) -> None:
    engine = sleeping(tmp_path, subscriptions=30)
    chased(engine, "2026-02-02T01:00")  # seals what was recorded on the day of the bills
    billing, dunning = billed(engine, "2026-02-03T00:05"), chased(engine, "2026-02-03T01:00")
    # the tenant, whether anything is due, what an earlier run left of invoices and of credit notes
    assert (billing.reads, billing.writes) == (4, 1)
    # the tenant, what is past due, cases, what was left of both, the tenant as it is now and its events, the last seal
    # and what was recorded since
    assert (dunning.reads, dunning.writes) == (9, 1)
