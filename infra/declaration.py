"""The shape of billing.yaml and the rules that it must meet: Google's limits, and names that exist."""

import re
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt, model_validator

from billing.adapters.mail_place import MailPlace, MailServer, mail_place
from billing.config import SECRET_NAMES, is_secret_name
from billing.domain.errors import InvalidInput
from billing.ports.tasks import FunctionName, QueueName
from infra.durations import Seconds

MAIL_SERVER = "smtp://user@host:587, its password in the secret SMTP_PASSWORD, or nothing"


class Unshown(ValueError):
    """What was expected of a value that is not to be shown: a password may stand in it."""


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        msg = "a time zone's name, such as Etc/UTC or Europe/Berlin"
        raise ValueError(msg) from None
    return text


def is_mail_server(place: MailPlace) -> bool:
    """Whether a function can send by it: its own disk is gone with its instance, and its mails with it."""
    return isinstance(place, MailServer) and place.encrypted


def _mail(text: str) -> str:
    try:
        is_taken = not text or is_mail_server(mail_place(text))
    except InvalidInput:
        is_taken = False
    if not is_taken:
        raise Unshown(MAIL_SERVER)
    return text


def _secret_name(text: str) -> str:
    if not is_secret_name(text):
        msg = f"one of {', '.join(SECRET_NAMES)}, or one of a tenant's own such as STRIPE_API_KEY_ACME"
        raise ValueError(msg)
    return text


def _like(pattern: str, expected: str) -> AfterValidator:
    """Text of a form, which an error names in words."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(expected)
        return text

    return AfterValidator(check)


Text = Annotated[str, _like(r"(?s).+", "a text")]
Region = Annotated[str, _like("[a-z]+-[a-z]+[0-9]+", "a region such as europe-west1")]
Project = Annotated[str, _like("[a-z][a-z0-9-]{4,28}[a-z0-9]", "a project's id such as acme-billing")]
Role = Annotated[str, _like(r"(roles|projects/[a-z0-9-]+/roles)/[A-Za-z0-9_.]+", "a role such as roles/datastore.user")]
Api = Annotated[str, _like(r"[a-z]+\.googleapis\.com", "an API such as firestore.googleapis.com")]
BucketName = Annotated[str, _like("[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]", "3 to 63 of a-z, 0-9, ., _ and -")]
BucketStart = Annotated[str, _like("[a-z0-9][a-z0-9._-]{1,61}", "the start of a bucket's name, 2 to 62 characters")]
Database = Annotated[
    str, _like(r"\(default\)|[a-z][a-z0-9-]{2,61}[a-z0-9]", "(default) or a name of 4 to 63 of a-z, 0-9 and -")
]
AccountName = Annotated[str, _like("[a-z][a-z0-9-]{4,28}[a-z0-9]", "6 to 30 of a-z, 0-9 and -")]
JobName = Annotated[str, _like("[A-Za-z0-9_-]{1,500}", "letters, digits, - and _")]
AlertName = Annotated[str, _like("[a-z][a-z0-9-]{0,62}", "small letters, digits and -")]
Path = Annotated[str, _like("(/[a-z0-9-]+)*", "a path such as /api/internal/cron/billing")]
Memory = Annotated[str, _like("[1-9][0-9]*(Mi|Gi)", "an amount such as 512Mi")]
Runtime = Annotated[str, _like("python3[0-9]{1,2}", "a runtime such as python311")]
Address = Annotated[str, _like(r"([^@\s]+@[^@\s]+)?", "an e-mail address or nothing")]
Cron = Annotated[str, _like("[0-9*,/-]+( [0-9*,/-]+){4}", "five fields of a crontab, such as 5 0 * * *")]
Zone = Annotated[str, AfterValidator(_zone)]
Mail = Annotated[str, AfterValidator(_mail)]
SecretName = Annotated[str, AfterValidator(_secret_name)]


class Part(BaseModel):
    """A part of the declaration: every field is known, and of the type that it says."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Variables(Part):
    """What stands behind ${name}."""

    project: Project
    region: Region
    tasks_region: Region
    jobs_region: Region
    time_zone: Zone
    database: Database
    look_before_charging: Literal["on", "off"]
    bucket: BucketName
    export_bucket: BucketName
    mail: Mail
    runtime: Runtime
    alerts_to: Address


class ServiceAccount(Part):
    """An identity and everything that it may do; it may run things as those it `acts_as`, and call as others."""

    title: Text
    project_roles: tuple[Role, ...] = ()
    bucket_roles: dict[str, tuple[Role, ...]] = {}
    reads_buckets_like: tuple[BucketStart, ...] = ()
    queue_roles: dict[QueueName, tuple[Role, ...]] = {}
    acts_as: tuple[str, ...] = ()
    impersonates: tuple[str, ...] = ()
    reads_secrets: tuple[SecretName, ...] = ()

    def reads(self, secret: str) -> bool:
        """Whether it may read a secret: one of those that it names, or a tenant's own of that kind."""
        return any(secret == name or secret.startswith(f"{name}_") for name in self.reads_secrets)


class Firestore(Part):
    """The one database."""

    database: Database
    location: Text
    point_in_time_recovery: StrictBool
    delete_protection: StrictBool
    daily_backups_kept: Annotated[Seconds, Field(ge=86_400, le=14 * 7 * 86_400)]
    rules: Text


class LifecycleRule(Part):
    """One of three: delete what is so old, delete what was replaced or deleted so long ago, end such uploads."""

    delete_after: Seconds | None = None
    delete_replaced_after: Seconds | None = None
    abort_uploads_after: Seconds | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        given = [value for _, value in self if value is not None]
        if len(given) != 1 or given[0] % 86_400:
            msg = "one of delete_after, delete_replaced_after, abort_uploads_after, in whole days"
            raise ValueError(msg)
        return self


class Bucket(Part):
    """A bucket: never public, access by roles alone."""

    name: BucketName
    location: Region
    versioning: StrictBool
    retention: Annotated[Seconds, Field(ge=1, le=100 * 365 * 86_400)] | None = None
    lifecycle: tuple[LifecycleRule, ...] = ()

    @model_validator(mode="after")
    def _versions_or_retention(self) -> Self:
        if self.versioning and self.retention is not None:
            msg = "either versioning or a retention: Cloud Storage takes only one of them"
            raise ValueError(msg)
        return self


class Secret(Part):
    """A secret's place; a `generated` one gets a random value where it has none."""

    generated: StrictBool = False


def _attempts_alone(_given: object) -> object:
    msg = "max_attempts alone: with a time as well Cloud Tasks tries on until both are used up"
    raise ValueError(msg)


class Queue(Part):
    """A queue of Cloud Tasks (https://cloud.google.com/tasks/docs/quotas). `max_attempts` alone end a task's tries."""

    max_per_second: Annotated[StrictInt, Field(ge=1, le=500)]
    max_concurrent: Annotated[StrictInt, Field(ge=1, le=5000)]
    max_attempts: Annotated[StrictInt, Field(ge=1, le=1000)]
    min_backoff: Seconds
    max_backoff: Seconds
    max_doublings: Annotated[StrictInt, Field(ge=0, le=16)]
    no_longer_than: Annotated[object, AfterValidator(_attempts_alone)] = None


class Function(Part):
    """A function as it is deployed; `callers` are the accounts that its own door lets in, `runs_as` is its own.

    `min_instances` are kept warm, and paid for, while nobody calls.
    """

    source: Text
    entry_point: Text
    runs_as: str
    memory: Memory
    cpu: Annotated[StrictInt, Field(ge=1, le=8)]
    concurrency: Annotated[StrictInt, Field(ge=1, le=1000)]
    min_instances: Annotated[StrictInt, Field(ge=0, le=1000)] = 0
    max_instances: Annotated[StrictInt, Field(ge=1, le=1000)]
    timeout: Annotated[Seconds, Field(ge=1, le=3600)]
    callers: Annotated[tuple[str, ...], Field(min_length=1)]
    environment: dict[str, str]


class Retries(Part):
    """How often a job is tried again, and how long after (https://cloud.google.com/scheduler/docs/reference/rest)."""

    count: Annotated[StrictInt, Field(ge=0, le=5)]
    no_longer_than: Seconds
    min_backoff: Seconds
    max_backoff: Seconds
    max_doublings: Annotated[StrictInt, Field(ge=0, le=16)]


class Job(Part):
    """A job of Cloud Scheduler: it calls a function, as an account that the function's door lets in."""

    title: Text
    function: FunctionName
    calls_as: str
    path: Path = ""
    schedule: Cron
    time_zone: Zone
    body: dict[str, Any] = {}
    attempt_deadline: Annotated[Seconds, Field(ge=15, le=1800)]
    retries: Retries


class Metric(Part):
    """A count of log lines, by labels taken from them."""

    title: Text
    filter: Text
    labels: dict[str, Text] = {}


class Alert(Part):
    """A PromQL query that holds when something is wrong, for so long, asked so often, and what to do then."""

    title: Text
    query: Text
    lasting: Seconds | None = None
    every: Annotated[Seconds, Field(ge=30, multiple_of=30)]
    advice: Text


class Declaration(Part):
    """All of it."""

    variables: Variables
    apis: tuple[Api, ...]
    service_accounts: dict[AccountName, ServiceAccount]
    firestore: Firestore
    buckets: dict[str, Bucket]
    secrets: dict[SecretName, Secret]
    queues: dict[QueueName, Queue]
    functions: dict[FunctionName, Function]
    jobs: dict[JobName, Job]
    metrics: dict[str, Metric]
    alerts: dict[AlertName, Alert]

    def tasks_call_as(self, function: FunctionName) -> str:
        """The account that the tasks of a function call as: the one that its own account may act as."""
        return self.service_accounts[self.functions[function].runs_as].acts_as[0]

    def email(self, account: str) -> str:
        """The e-mail of a service account."""
        return f"{account}@{self.variables.project}.iam.gserviceaccount.com"

    def url(self, function: str) -> str:
        """A function's address, which is also the audience of tokens for it."""
        return f"https://{self.variables.region}-{self.variables.project}.cloudfunctions.net/{function}"
