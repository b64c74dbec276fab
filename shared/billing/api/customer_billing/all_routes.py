"""Every route of `/api/customer-billing`, and the cron route beside them."""

from typing import Final

from billing.api.customer_billing.routes import router
from billing.api.customer_billing.runs import cron_router, run_router

CUSTOMER_BILLING: Final = (run_router, cron_router, router)
"""In the order in which they are looked at."""
