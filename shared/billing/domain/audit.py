"""What the audit log says of one change: who, what, when, from, to, why (semantics 13)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One change of state of one `entity` (`invoices/ID`). `actor` is a user, the scheduler or a key; `at` is UTC."""

    entity: str
    event: str
    actor: str
    at: datetime
    before: str
    after: str
    reason: str
    request_id: str
