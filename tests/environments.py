"""Environments that a configuration is read of, and what is wrong with one."""

import pytest

from billing.config import Misconfigured, Settings

LAPTOP = {"BILLING_STORE": "sqlite:///data/billing/store.db", "BILLING_OBJECTS": "file:///data/billing/objects"}
CLOUD = {
    "BILLING_STORE": "firestore",
    "BILLING_OBJECTS": "gs://acme-billing",
    "BILLING_SECRETS": "secret-manager",
    "GOOGLE_CLOUD_PROJECT": "billing-prod",
    "FIRESTORE_DATABASE": "eu",
    "OIDC_AUDIENCE": "https://generate-invoices.example.run.app",
    "OIDC_SERVICE_ACCOUNTS": "scheduler@p.iam.gserviceaccount.com, tasks@p.iam.gserviceaccount.com,",
    "PAYMENT_LINK_BASE": "https://pay.example.com/i/",
    "MAX_BODY_BYTES": "2048",
    "RUN_DEADLINE_SECONDS": "1800",
    "BILLING_WORKERS": "4",
    "BILLING_CLAIM_SECONDS": "900",
    "K_REVISION": "generate-invoices-00007-abc",
}


def flaws(environ: dict[str, str]) -> dict[str, str]:
    with pytest.raises(Misconfigured) as refused:
        Settings.from_environment(environ)
    return dict(refused.value.flaws)
