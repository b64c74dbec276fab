"""`run_dunning` under functions-framework with everything imported ahead: a worker that was killed is back at once.

gunicorn --preload tests.functions.warm_function:app
"""

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
app = create_app("run_dunning", "functions/run_dunning/main.py")  # type: ignore[no-untyped-call]
