"""The door of the dunning run, for Cloud Scheduler, cron and calls by hand (docs/guides/run-dunning.md)."""

import flask
import functions_framework

from billing.api.dunning_job import DUNNING
from billing.job_function import job_function

_DOOR = job_function(DUNNING)


@functions_framework.http
def run_dunning(request: flask.Request) -> flask.Response:
    """Chase what is overdue or could not be charged, of one tenant or of all."""
    return _DOOR(request)
