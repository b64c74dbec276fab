"""What collecting came to in a run: how many were charged, how many were not and why, and how many mails went out."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """Counts of invoices. `failed` is by decline code, `amounts` is what was taken in minor units by currency.

    `pending` are payments that the gateway works on, `requires_action` those that the customer has to confirm; `mailed`
    counts mails.
    """

    charged: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    pending: int = 0
    requires_action: int = 0
    mailed: int = 0
    amounts: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "Collected") -> "Collected":
        """Both together."""
        return Collected(
            charged=self.charged + other.charged,
            failed=self.failed + other.failed,
            pending=self.pending + other.pending,
            requires_action=self.requires_action + other.requires_action,
            mailed=self.mailed + other.mailed,
            amounts=self.amounts + other.amounts,
        )
