"""What a verification finds: one thing that is not as it must be, named, with what stands there and what should."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class FindingKind(StrEnum):
    """What is wrong. The values are stable: a scheduler's alerts may rest on them."""

    INVOICE_DIFFERS = "invoice_differs"
    INVOICE_DOES_NOT_ADD_UP = "invoice_does_not_add_up"
    EXPLANATION_DIFFERS = "explanation_differs"
    COPY_DIFFERS = "copy_differs"
    NOT_COMPUTABLE = "not_computable"
    UNREADABLE = "unreadable"
    PLAN_CHANGED = "plan_changed"
    INVOICE_MISSING = "invoice_missing"
    SUBSCRIPTION_MISSING = "subscription_missing"
    CUSTOMER_MISSING = "customer_missing"
    NUMBER_MISSING = "number_missing"
    NUMBER_REPEATED = "number_repeated"
    NUMBER_MALFORMED = "number_malformed"
    COUNTER_DIFFERS = "counter_differs"
    PAYMENTS_DIFFER = "payments_differ"
    PERIOD_NOT_BILLED = "period_not_billed"
    CHARGED_TWICE = "charged_twice"
    BILLING_DATE_WRONG = "billing_date_wrong"
    USAGE_DIFFERS = "usage_differs"
    OBJECT_MISSING = "object_missing"
    OBJECT_ALTERED = "object_altered"
    NOT_FILED = "not_filed"
    AUDIT_ALTERED = "audit_altered"
    AUDIT_MISSING = "audit_missing"
    AUDIT_STRETCH_DIFFERS = "audit_stretch_differs"
    AUDIT_SEAL_ALTERED = "audit_seal_altered"
    AUDIT_SEAL_MISSING = "audit_seal_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`entity` is the document (`invoices/ID`) or object concerned, `name` what people call it (a number), or "".

    `field` is what of it differs; `stored` and `expected` are text, `message` the sentence for a person.
    """

    kind: FindingKind
    entity: str
    message: str
    name: str = ""
    field: str = ""
    stored: str = ""
    expected: str = ""


@dataclass(slots=True, kw_only=True)
class Findings:
    """All findings, counted by kind; of many only the first are kept."""

    most: int = 1_000
    kept: list[Finding] = field(default_factory=list)
    counts: Counter[FindingKind] = field(default_factory=Counter)

    def add(self, finding: Finding) -> None:
        """Count it, and keep it while there is room."""
        self.counts[finding.kind] += 1
        if len(self.kept) < self.most:
            self.kept.append(finding)

    @property
    def total(self) -> int:
        """How many there are."""
        return self.counts.total()
