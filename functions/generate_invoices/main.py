"""The door of the billing run, for Cloud Scheduler, cron and calls by hand (docs/guides/generate-invoices.md)."""

import flask
import functions_framework

from billing.api.billing_job import BILLING
from billing.job_function import job_function

_DOOR = job_function(BILLING)


@functions_framework.http
def generate_invoices(request: flask.Request) -> flask.Response:
    """Invoice every subscription that is due, of one tenant or of all."""
    return _DOOR(request)
