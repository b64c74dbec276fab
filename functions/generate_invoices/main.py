"""The door of the billing run, for Cloud Scheduler, cron and calls by hand (docs/guides/generate-invoices.md).

At /verify it is that of the verification, which takes an instance to itself as a run does (docs/guides/proof.md).
"""

import flask
import functions_framework

from billing.api.billing_job import BILLING
from billing.api.verify_job import VERIFY
from billing.job_function import job_function

_DOOR = job_function(BILLING, VERIFY)


@functions_framework.http
def generate_invoices(request: flask.Request) -> flask.Response:
    """Invoice every subscription that is due, or verify what was billed, of one tenant or of all."""
    return _DOOR(request)
