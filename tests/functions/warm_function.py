"""A job under functions-framework with everything imported ahead: a worker that was killed is back at once.

WARM_FUNCTION=generate_invoices gunicorn --preload tests.functions.warm_function:app
"""

import os

import google.auth.transport.requests
import jwt
from functions_framework import create_app

import billing.adapters.event_posts
import billing.adapters.firestore
import billing.adapters.objects
import billing.adapters.smtp
import billing.adapters.stripe_gateway
import billing.render.document_files
import billing.render.mail.compose

AHEAD = (billing, google, jwt)
_NAME = os.environ.get("WARM_FUNCTION", "run_dunning")
app = create_app(_NAME, f"functions/{_NAME}/main.py")  # type: ignore[no-untyped-call]
