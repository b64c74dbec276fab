"""The settings of whose identity tokens are believed."""

import re

from billing.adapters.variables import Variables, shown
from billing.api.oidc import GOOGLE_CERTS_URL, GOOGLE_ISSUERS, OidcTrust


def oidc_trust(read: Variables) -> OidcTrust:
    """Read the variables; what is wrong with them is noted with `read`. Without them no token is believed."""
    trust = OidcTrust(
        audiences=read.texts("OIDC_AUDIENCE"),
        service_accounts=frozenset(read.texts("OIDC_SERVICE_ACCOUNTS")),
        issuers=read.texts("OIDC_ISSUERS") or GOOGLE_ISSUERS,
        certs_url=read.url("OIDC_CERTS_URL") or GOOGLE_CERTS_URL,
    )
    if trust.service_accounts and not trust.audiences:
        read.flaw("OIDC_AUDIENCE", remedy="is not set; use the Scheduler job's audience, this function's URL")
    if trust.audiences and not trust.service_accounts:
        read.flaw("OIDC_SERVICE_ACCOUNTS", remedy="is not set; list the e-mails of the accounts that may call")
    for account in sorted(trust.service_accounts):
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", account):
            read.flaw("OIDC_SERVICE_ACCOUNTS", remedy=f"use e-mails separated by commas, not {shown(account)}")
    return trust
