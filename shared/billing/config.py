"""The configuration: the only reader of the environment. It is read once, at an entry point, and handed on."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self
from urllib.parse import urlsplit

from billing.adapters.kept_places import (
    Bucket,
    FirestoreDatabase,
    Folder,
    ObjectPlace,
    SecretProject,
    SecretSource,
    SecretVariables,
    SqliteFile,
    Store,
)
from billing.adapters.mail_place import SMTP_PASSWORD, MailPlace, MailServer, mail_setting
from billing.adapters.secret_reference import check_references, is_reference
from billing.adapters.task_place import TaskPlace, task_place
from billing.adapters.trace_place import TracePlace, trace_place
from billing.adapters.variables import Variables, shown
from billing.api.caller import INTERNAL_KEY, KEY_REMEDY, internal_key_flaw
from billing.api.front_door import FrontDoor, front_door
from billing.api.in_flight import MOST_IN_FLIGHT
from billing.api.job_places import JobCredential, JobPlaces, job_places
from billing.api.oidc import OidcTrust
from billing.api.oidc_setting import oidc_trust
from billing.domain.errors import BillingError
from billing.domain.web_address import LOOPBACK
from billing.usecases.dunning_run import CLAIM_SECONDS

PAYMENT_LINK_KEY = "PAYMENT_LINK_KEY"

STRIPE_KEY = "STRIPE_API_KEY"
STRIPE_WEBHOOK_SECRET = "STRIPE_WEBHOOK_SECRET"  # noqa: S105 - its name
EVENT_SECRET = "EVENT_SECRET"  # noqa: S105 - its name

SECRET_NAMES = (INTERNAL_KEY, PAYMENT_LINK_KEY, STRIPE_KEY, STRIPE_WEBHOOK_SECRET, SMTP_PASSWORD, EVENT_SECRET)
"""Every secret the product asks for; with BILLING_SECRETS=environment these variables, and no others, are kept."""

_MOST_WORKERS = 64
TASK_ATTEMPTS = 8
RUN_SLICE_SECONDS = 240


def is_secret_name(name: str) -> bool:
    """Whether it is one of SECRET_NAMES, or ends as a tenant says (`gateway_account`, `event_secret_name`)."""
    own = f"(?:{STRIPE_KEY}|{STRIPE_WEBHOOK_SECRET}|{EVENT_SECRET})_[A-Z0-9_]+"
    return name in SECRET_NAMES or bool(re.fullmatch(own, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that differs between a laptop, a test and production. Shows no secret when printed.

    With `loopback_events` events may go to a server on this very machine, as one wants to on a laptop. After documents
    were restored from a backup, `look_before_charging` finds what was charged since.

    The queue is `tasks`: BILLING_TASKS=projects/P/locations/L (its queues are `runs` and `events`), the functions'
    addresses GENERATE_INVOICES_URL, RUN_DUNNING_URL and API_PROXY_URL, and TASKS_SERVICE_ACCOUNT, which has to be among
    OIDC_SERVICE_ACCOUNTS. `task_attempts` (TASKS_MAX_ATTEMPTS) is what the queue `runs` declares as its most attempts;
    a part of a run that the queue asked for ends after `run_slice_seconds` (RUN_SLICE_SECONDS) and queues up again.
    """

    store: Store
    objects: ObjectPlace
    secrets: SecretSource
    oidc: OidcTrust
    payment_link_base: str | None
    stripe_base_url: str | None
    max_body_bytes: int
    run_deadline_seconds: int
    revision: str
    workers: int = 1
    mail: MailPlace | None = None
    loopback_events: bool = False
    claim_seconds: int = CLAIM_SECONDS
    look_before_charging: bool = False
    front_door: FrontDoor = field(default_factory=FrontDoor)
    jobs: JobPlaces | None = None
    tasks: TaskPlace | None = None
    task_attempts: int = TASK_ATTEMPTS
    run_slice_seconds: int = RUN_SLICE_SECONDS

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Read the variables. Raises one Misconfigured that names every variable missing or malformed."""
        read = Variables(environ)
        _threshold(read)
        store, objects, secrets, oidc = _store(read), _objects(read), _secrets(read), oidc_trust(read)
        run_deadline_seconds = read.integer("RUN_DEADLINE_SECONDS", default=540, low=1, high=3600)
        settings = cls(
            store=store,
            objects=objects,
            secrets=secrets,
            oidc=oidc,
            payment_link_base=read.url("PAYMENT_LINK_BASE"),
            stripe_base_url=_stand_in(read, "STRIPE_BASE_URL"),
            mail=mail_setting(read),
            max_body_bytes=read.integer("MAX_BODY_BYTES", default=1024 * 1024, low=1024, high=32 * 1024 * 1024),
            run_deadline_seconds=run_deadline_seconds,
            revision=read.text("K_REVISION") or "local",
            workers=_workers(read, default=1),
            loopback_events=read.switch("BILLING_LOOPBACK_EVENTS", default=isinstance(store, SqliteFile)),
            look_before_charging=read.switch("BILLING_LOOK_BEFORE_CHARGING", default=False),
            claim_seconds=read.integer("BILLING_CLAIM_SECONDS", default=CLAIM_SECONDS, low=1, high=3600),
            front_door=front_door(read),
            jobs=job_places(read),
            tasks=task_place(read, trusted=oidc.service_accounts, seconds=run_deadline_seconds),
            task_attempts=read.integer("TASKS_MAX_ATTEMPTS", default=TASK_ATTEMPTS, low=1, high=1000),
            run_slice_seconds=read.integer("RUN_SLICE_SECONDS", default=RUN_SLICE_SECONDS, low=1, high=1800),
        )
        if isinstance(secrets, SecretVariables):
            for name, remedy in settings.needed_secrets().items():
                if name not in secrets.variables:
                    read.flaw(name, remedy=f"is not set; {remedy}")
        if read.flaws:
            raise Misconfigured(read.flaws)
        return settings

    def needed_secrets(self) -> dict[str, str]:
        """The secrets that the configured features can't do without, each with what it is and how it is made.

        What a tenant's own settings ask for, such as its account at Stripe, is told when it is needed.
        """
        needed = {}
        if self.payment_link_base is not None:
            needed[PAYMENT_LINK_KEY] = "payment links (PAYMENT_LINK_BASE) are signed with it: `openssl rand -hex 32`"
        if isinstance(self.mail, MailServer) and self.mail.user:
            needed[SMTP_PASSWORD] = f"it is the password of {self.mail.user} at the mail server (BILLING_MAIL)"
        if self.jobs is not None and self.jobs.credential is JobCredential.KEY:
            needed[INTERNAL_KEY] = "the other functions are called with it (GENERATE_INVOICES_URL): " + KEY_REMEDY
        return needed


class Misconfigured(BillingError):
    """Variables or secrets are missing or malformed. `flaws` holds each with what to do about it, never a secret."""

    code: ClassVar[str] = "misconfigured"

    def __init__(self, flaws: Sequence[tuple[str, str]]) -> None:
        self.flaws = tuple(flaws)
        listed = "".join(f"\n  {name}: {remedy}" for name, remedy in self.flaws)
        super().__init__(f"the configuration is not usable:{listed}")


def load_settings() -> Settings:
    """The settings of this process."""
    return Settings.from_environment(os.environ)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """What a function needs before its first request is let in.

    `project` is whose traces the log names ("" on a laptop), `traces` where spans go, `most_in_flight` how many
    requests are under way at once.
    """

    project: str
    revision: str
    traces: TracePlace | None
    most_in_flight: int


def load_threshold() -> Threshold:
    """Those settings of this process. What is wrong with them is told by load_settings, with all the rest."""
    return _threshold(Variables(os.environ))


def _threshold(read: Variables) -> Threshold:
    return Threshold(
        project=read.text("GOOGLE_CLOUD_PROJECT"),
        revision=read.text("K_REVISION") or "local",
        traces=trace_place(read),
        most_in_flight=read.integer("MOST_IN_FLIGHT", default=MOST_IN_FLIGHT, low=0, high=10_000),
    )


def local_workers() -> int:
    """How many processes do a large run on this machine: BILLING_WORKERS, else as many as it has cores."""
    read = Variables(os.environ)
    workers = _workers(read, default=_cores())
    if read.flaws:
        raise Misconfigured(read.flaws)
    return workers


def local_front_door() -> FrontDoor:
    """Which pages may call a laptop's API, and how often anybody; Misconfigured for what is malformed."""
    read = Variables(os.environ)
    door = front_door(read)
    if read.flaws:
        raise Misconfigured(read.flaws)
    return door


def local_event_secrets() -> Mapping[str, str]:
    """What this process was given to sign events with, on a laptop: EVENT_SECRET and those with a name behind it."""
    read = Variables(os.environ)
    names = [name for name in read.names if re.fullmatch(f"{EVENT_SECRET}(_[A-Z0-9_]+)?", name)]
    return {name: read.text(name) for name in names if read.text(name)}


def _workers(read: Variables, *, default: int) -> int:
    return read.integer("BILLING_WORKERS", default=default, low=1, high=_MOST_WORKERS)


def _cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _store(read: Variables) -> Store:
    remedy = "use sqlite:///absolute/path or firestore"
    value = read.needed("BILLING_STORE", remedy=remedy)
    if value == "firestore":
        return FirestoreDatabase(project=_project(read), database=read.text("FIRESTORE_DATABASE") or "(default)")
    return SqliteFile(read.path("BILLING_STORE", scheme="sqlite", remedy=remedy))


def _objects(read: Variables) -> ObjectPlace:
    remedy = "use file:///absolute/folder or gs://bucket"
    value = read.needed("BILLING_OBJECTS", remedy=remedy)
    if not value.startswith("gs:"):
        return Folder(read.path("BILLING_OBJECTS", scheme="file", remedy=remedy))
    # https://cloud.google.com/storage/docs/buckets#naming
    if not re.fullmatch("gs://[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]/?", value):
        read.flaw("BILLING_OBJECTS", remedy=f"{remedy}, not {shown(value)}")
    return Bucket(value.removeprefix("gs://").rstrip("/"), endpoint=read.url("BILLING_OBJECTS_ENDPOINT"))


def _secrets(read: Variables) -> SecretSource:
    names = [name for name in read.names if is_secret_name(name.removesuffix("_PREVIOUS"))]
    variables = {name: read.text(name) for name in names if read.text(name)}
    references = {name: text for name, text in variables.items() if is_reference(text)}
    match read.text("BILLING_SECRETS") or "environment":
        case "secret-manager":
            project = _project(read)
            check_references(read, references, project=project)
            return SecretProject(project, references)
        case "environment":
            project = read.text("GOOGLE_CLOUD_PROJECT")
            check_references(read, references, project=project)
            for name in (INTERNAL_KEY, f"{INTERNAL_KEY}_PREVIOUS"):
                key = variables.get(name)
                if key and name not in references and (remedy := internal_key_flaw(key)):
                    read.flaw(name, remedy=remedy)
            return SecretVariables(variables, project if references else "")
        case other:
            read.flaw("BILLING_SECRETS", remedy=f"use environment or secret-manager, not {shown(other)}")
            return SecretVariables({})


def _stand_in(read: Variables, name: str) -> str | None:
    """A stand-in's address: it gets a key and cards, so it is on this machine or it is nothing."""
    url = read.url(name)
    if url is not None and urlsplit(url).hostname not in LOOPBACK:
        read.flaw(name, remedy="name a stand-in on this machine (http://127.0.0.1:PORT), or nothing for Stripe itself")
    return url


def _project(read: Variables) -> str:
    return read.needed("GOOGLE_CLOUD_PROJECT", remedy="use the project's id; the functions runtime does not set it")
