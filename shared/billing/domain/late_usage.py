"""Usage that arrives after its period was invoiced: billed on the next invoice, priced as if in time (semantics 4)."""

from dataclasses import dataclass

from billing.domain.usage import Buckets


@dataclass(frozen=True, slots=True, kw_only=True)
class LateBuckets:
    """One meter's buckets of past periods: what earlier invoices billed, and what came `late` and none has billed."""

    billed: Buckets
    late: Buckets
