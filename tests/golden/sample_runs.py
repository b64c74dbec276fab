"""What stands beside a tenant's books: records of runs that were spread, a turn, a roll-up, the last verification."""

from datetime import timedelta

from billing.ports import Documents
from billing.store.event_turns import EventTurn, EventTurns
from billing.store.fan_outs import DeadLetter, FanOut, FanOuts, PartRecords
from billing.store.open_batches import OpenBatches
from billing.store.report_rollups import Made, ReportRollups
from billing.store.runs import KEPT
from billing.store.verified_books import Verifications, VerifiedBooks
from tests.builders import utc
from tests.world import World

FAN_OUT = "20260301T000500Z-01234567"
_NIGHT = utc("2026-03-01T00:05")
BATCH = ("sub-1.20260201T000000Z.r0", "sub-2.20260201T000000Z.r0")


def recorded(world: World) -> None:
    """A call that was spread over tasks, of which one was given up; whose turn it is; what was derived."""
    documents, tenant_id = world.documents, world.tenant.id
    asked = FanOut(
        id=FAN_OUT, job="verify", actor="scheduler", recorded_at=_NIGHT, as_of="2026-03-01T00:05:00+00:00", tenants=1
    )
    FanOuts(documents).begin(asked)
    letter = DeadLetter(tenant_id="gone", part="tenant", code="run_failed", message="no such tenant", at=_NIGHT)
    PartRecords(documents=documents, tenant_id="gone", fan_out_id=FAN_OUT, base={}).lost(letter)
    open_batches(documents, tenant_id).note({"settle_1": BATCH})
    turn = EventTurn(holder="pass-1", until=_NIGHT + timedelta(minutes=5))
    books = VerifiedBooks(at=_NIGHT, periods=("2026-02", "2026-03"), program="0.1.0", invoices=1, subscriptions=1)
    documents.commit(
        [
            EventTurns.of(documents, tenant_id).taking(turn, over=None),
            Verifications.of(documents, tenant_id).saving(books),
            *ReportRollups.of(documents, tenant_id).writes(
                "revenue.2026-01", [["cust-1", 4900]], made=Made(count=1, marks=7)
            ),
        ]
    )


def open_batches(documents: Documents, tenant_id: str) -> OpenBatches:
    """What the call that was spread left open of a tenant."""
    return OpenBatches(documents=documents, tenant_id=tenant_id, fan_out_id=FAN_OUT, expires_at=_NIGHT + KEPT)
