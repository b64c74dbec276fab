"""Numbers as a person reads them on a terminal."""

from billing.domain.figures import amount, plain, unit_price

__all__ = ["amount", "plain", "unit_price"]
