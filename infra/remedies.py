"""What Google's refusals mean to whoever runs this: the way out of each that is known."""

import re

from infra.errors import NotAllowed, Refused

LOGIN = "log in: gcloud auth login && gcloud auth application-default login"

NO_REGION = re.compile(
    r"\b(location|locationid|region)\b.{0,80}\b(not valid|not a valid|not found|invalid|not supported|unsupported)\b"
    r"|\b(invalid|unknown|unsupported|not a valid) (location|region|locationid)\b",
    re.IGNORECASE,
)
"""What services say of a region that they do not have; not of a name that has `locations/` in it."""

REGION = (
    "choose a region that has all of them by --region, for the queues alone by --set tasks_region=REGION, for the jobs "
    "alone by --set jobs_region=REGION: "
    "gcloud functions regions list, gcloud scheduler locations list, gcloud tasks locations list, "
    "gcloud firestore locations list"
)

DELETED_QUEUE = (
    "a deleted queue's name is free again after three days at most: apply again then, or put the queues into another "
    "region now: --set tasks_region=REGION, and write it into the declaration, which the next release reads"
)
"""https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues/delete has the days."""

NO_BILLING = re.compile(
    r"billing (account|must be|to be enabled)|BILLING_(DISABLED|NOT_ENABLED|NOT_FOUND)", re.IGNORECASE
)
"""What services say of a project that nobody pays for."""

_NO_STRANGERS = re.compile("permitted customer|allowedPolicyMember", re.IGNORECASE)
"""What is said where the organization lets roles be given to its own people alone."""

_NO_BUILDS = re.compile(
    "cannot run builds|restricted_regions_for_some_projects|no concurrent builds quota", re.IGNORECASE
)
"""What Cloud Build says of a region that it does not let this project use."""

_TOO_MUCH_AT_ONCE = re.compile("(Cpu|Mem)AllocPerProjectRegion|Max instances must be set to", re.IGNORECASE)
"""What Cloud Run says where all instances of a function together would be more than the region gives the project."""

_API_OFF = re.compile("has not been used|SERVICE_DISABLED")
_NO_QUOTA_PROJECT = re.compile(r"requires a quota project|\bproject 764086051850\b")
"""A person's login by gcloud counts its calls on this project of Google's, where no API can be switched on."""

_MAY_NOT_COUNT = re.compile("USER_PROJECT_DENIED|serviceusage.services.use|roles/serviceusage.serviceUsageConsumer")
_API = re.compile(r"\b[a-z]+\.googleapis\.com\b")
_ACTS_AS = re.compile(r"actAs\b.*?([\w.-]+@[\w.-]+\.gserviceaccount\.com)", re.IGNORECASE | re.DOTALL)
"""Whoever sets up a job, a task or a function that runs as an account has to be allowed to act as it."""


def forbidden(asked: str, said: str, *, role: str, project: str, besides: str = "") -> Refused:
    """The error where a service forbids something: its API is off, a role is missing on an account or on the project.

    `role` is the one that lets somebody do it; `besides` is what it may be instead.
    """
    if _NO_QUOTA_PROJECT.search(said):
        remedy = f"have its calls count on this project: gcloud auth application-default set-quota-project {project}"
        return NotAllowed(asked, said=said, remedy=remedy)
    if _MAY_NOT_COUNT.search(said):
        return NotAllowed(
            asked, said=said, remedy=role_remedy("roles/serviceusage.serviceUsageConsumer", project=project)
        )
    if _API_OFF.search(said):
        return Refused(asked, said=said, remedy=_switch_on(said, project=project))
    if account := _ACTS_AS.search(said):
        return NotAllowed(asked, said=said, remedy=_acts_as(account[1], project=project))
    return NotAllowed(asked, said=said, remedy=role_remedy(role, project=project) + besides)


def _switch_on(said: str, *, project: str) -> str:
    """Also for whom `apply` itself was refused: it switched the API on a moment ago, or it is none that is declared."""
    api = _API.search(said)
    by_hand = f"gcloud services enable {api[0]} --project={project}" if api else "gcloud services enable API"
    return f"switch the API on: {by_hand} (python -m infra apply does it first of all); if it is on, try again in 5 min"


def role_remedy(role: str, *, project: str) -> str:
    """The command by which an owner gives the role."""
    return _has_an_owner_run(f"projects add-iam-policy-binding {project}", role)


def _acts_as(account: str, *, project: str) -> str:
    command = f"iam service-accounts add-iam-policy-binding {account} --project={project}"
    return _has_an_owner_run(command, "roles/iam.serviceAccountUser")


def _has_an_owner_run(command: str, role: str) -> str:
    given = f"--member=user:YOUR_EMAIL --role={role} --condition=None"  # else gcloud asks which: the builder's has one
    return f"have an owner of the project run: gcloud {command} {given}"


def _no_strangers(project: str) -> str:
    """Who may make the exception: functions are called by customers and by Stripe, and each call is checked by them."""
    return (
        "the organization lets nobody from outside in (domain restricted sharing): have its policy administrator allow "
        f"allUsers in {project}, https://cloud.google.com/organization-policy/restrict-domains"
    )


def _no_builds(project: str) -> str:
    """Who gives the region, and how the functions get along without it where the database is there already."""
    return (
        "Google lets some projects build in some regions alone, which "
        "https://cloud.google.com/build/docs/locations#restricted_regions_for_some_projects names. Ask for this one: "
        f"{_quotas(project)}, Cloud Build API, Concurrent Build CPUs (Regional Public Pool). Or have the functions "
        "elsewhere: in infra/billing.yaml write this region into firestore.location and each bucket's location, as "
        "they never move, and another one into region"
    )


def _too_much_at_once(project: str) -> str:
    """Which settings are brought down, or who gives more."""
    return (
        "in infra/billing.yaml lower max_instances of the functions (times cpu and memory, it is what was requested), "
        "and max_concurrent of the queue runs below it; or ask for more: "
        f"{_quotas(project)}, Cloud Run Admin API, the quota that is named, of this region"
    )


def _quotas(project: str) -> str:
    return f"https://console.cloud.google.com/iam-admin/quotas?project={project}"


def no_billing(project: str) -> str:
    """The command that puts the project on a billing account."""
    return f"put it on a billing account: gcloud billing projects link {project} --billing-account=BILLING_ACCOUNT"


_KNOWN = (
    (_NO_STRANGERS, _no_strangers),
    (NO_BILLING, no_billing),
    (_NO_BUILDS, _no_builds),
    (_TOO_MUCH_AT_ONCE, _too_much_at_once),
)


def known(said: str, *, project: str) -> str:
    """What to do about what gcloud said, where that is the same whatever was asked; else nothing."""
    return next((remedy(project) for meant, remedy in _KNOWN if meant.search(said)), "")
