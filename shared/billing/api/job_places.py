"""Where the functions are that run jobs for the API, and how it proves itself to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from billing.adapters.job_credentials import key_credential, token_credential
from billing.adapters.job_posts import JobPosts
from billing.adapters.variables import Variables, shown
from billing.api.caller import INTERNAL_KEY, KEY_HEADER
from billing.domain.web_address import LOOPBACK
from billing.ports import Secrets
from billing.ports.jobs import JobName, Jobs

_URLS: Mapping[JobName, str] = {"generate_invoices": "GENERATE_INVOICES_URL", "run_dunning": "RUN_DUNNING_URL"}


class JobCredential(StrEnum):
    """The internal key, or an identity token of this function's own service account."""

    KEY = "key"
    TOKEN = "oidc"  # noqa: S105 - a word


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPlaces:
    """The functions' addresses, each of them; a token's audience is the address."""

    urls: Mapping[JobName, str]
    credential: JobCredential


def job_places(read: Variables) -> JobPlaces | None:
    """Read the variables; None where no function is named, so that jobs run in this very process."""
    found = {job: url for job, name in _URLS.items() if (url := read.url(name)) is not None}
    word = read.text("FUNCTIONS_CREDENTIAL") or JobCredential.KEY.value
    if word not in list(JobCredential):
        read.flaw("FUNCTIONS_CREDENTIAL", remedy=f"use {' or '.join(JobCredential)}, not {shown(word)}")
    if not found:
        return None
    for job, name in _URLS.items():
        if job not in found:
            read.flaw(name, remedy="is not set, while the other function's address is; name both or neither")
        elif urlsplit(found[job]).scheme != "https" and urlsplit(found[job]).hostname not in LOOPBACK:
            read.flaw(name, remedy="use https://, as the credential would go over the network readable")
    return JobPlaces(urls=found, credential=JobCredential(word) if word in list(JobCredential) else JobCredential.KEY)


def jobs_at(places: JobPlaces | None, *, secrets: Secrets) -> Jobs | None:
    """The jobs behind those addresses; None where there are none. It keeps connections and tokens."""
    if places is None:
        return None
    if places.credential is JobCredential.TOKEN:
        return JobPosts(urls=places.urls, credential=token_credential())
    return JobPosts(urls=places.urls, credential=key_credential(KEY_HEADER, lambda: secrets.get(INTERNAL_KEY)))
