"""The service accounts and everything that each may do."""

from collections.abc import Iterator, Sequence
from functools import partial

from infra.cloud import Cloud
from infra.declaration import Declaration, ServiceAccount
from infra.grants import Place, by_gcloud, by_library, grant, named
from infra.queues import queue_name
from infra.resource import Difference, Resource, Settings, Step, always, gcloud
from infra.secret_places import secret_name

IAM = "iam.googleapis.com"

_SECRET_ROLES = ("roles/secretmanager.secretAccessor", "roles/secretmanager.viewer")
"""The values of a secret, and the list of its versions."""
_READS_FILES = "roles/storage.objectViewer"
_ACTS_AS = "roles/iam.serviceAccountUser"
_IMPERSONATES = "roles/iam.serviceAccountTokenCreator"

_queue = partial(by_library, service="Cloud Tasks", api="cloudtasks.googleapis.com", client=lambda cloud: cloud.tasks)
_secret = partial(
    by_library, service="Secret Manager", api="secretmanager.googleapis.com", client=lambda cloud: cloud.secrets
)


def accounts(declaration: Declaration) -> Iterator[Resource]:
    """The accounts themselves."""
    for name, account in declaration.service_accounts.items():
        yield _of(name, email=declaration.email(name), title=account.title)


def _of(name: str, *, email: str, title: str) -> Resource:
    def live(cloud: Cloud) -> Settings | None:
        found = cloud.gcloud.read("iam", "service-accounts", "list") or []
        one = next((each for each in found if each["email"] == email), None)
        return None if one is None else {"title": one.get("displayName"), "disabled": one.get("disabled", False)}

    def update(differences: Sequence[Difference]) -> Iterator[Step]:
        for each in differences:
            if each.field == "disabled":
                yield gcloud("iam", "service-accounts", "enable", email)
            else:
                yield gcloud("iam", "service-accounts", "update", email, f"--display-name={title}")

    return Resource(
        kind="service account",
        name=name,
        api=IAM,
        wanted={"title": title, "disabled": False},
        live=live,
        create=(gcloud("iam", "service-accounts", "create", name, f"--display-name={title}"),),
        update=lambda differences, _live: tuple(update(differences)),
        delete=always(gcloud("iam", "service-accounts", "delete", email)),
    )


def account_grants(declaration: Declaration) -> Iterator[Resource]:
    """The roles of each account in each place, also where it should have none."""
    for name, account in declaration.service_accounts.items():
        for place, roles in _places(declaration, account):
            yield grant(name, email=declaration.email(name), place=place, roles=roles)


def _places(declaration: Declaration, account: ServiceAccount) -> Iterator[tuple[Place, Sequence[str]]]:
    yield _project(declaration), (*account.project_roles, *map(_reads_like, account.reads_buckets_like))
    for bucket in declaration.buckets:
        yield _bucket(declaration, bucket), account.bucket_roles.get(bucket, ())
    for queue in declaration.queues:
        place = _queue(f"queue {queue}", resource=queue_name(declaration, queue))
        yield place, account.queue_roles.get(queue, ())
    for secret in declaration.secrets:
        roles = _SECRET_ROLES if account.reads(secret) else ()
        yield _secret(f"secret {secret}", resource=secret_name(declaration, secret)), roles
    for other in declaration.service_accounts:
        yield _account(declaration, other), tuple(_on_account(account, other))


def _on_account(account: ServiceAccount, other: str) -> Iterator[str]:
    if other in account.acts_as:
        yield _ACTS_AS
    if other in account.impersonates:
        yield _IMPERSONATES


def _reads_like(start: str) -> str:
    """The role on the project under a condition, as such a bucket may not be there yet.

    https://cloud.google.com/storage/docs/access-control/iam#conditions
    """
    expression = f'resource.name.startsWith("projects/_/buckets/{start}")'
    return named(_READS_FILES, {"expression": expression, "title": f"buckets {start}"})


def _project(declaration: Declaration) -> Place:
    project = declaration.variables.project
    return by_gcloud("the project", api="cloudresourcemanager.googleapis.com", group=["projects"], target=project)


def _bucket(declaration: Declaration, bucket: str) -> Place:
    target = f"gs://{declaration.buckets[bucket].name}"
    return by_gcloud(target, api="storage.googleapis.com", group=["storage", "buckets"], target=target)


def _account(declaration: Declaration, other: str) -> Place:
    return by_gcloud(f"account {other}", api=IAM, group=["iam", "service-accounts"], target=declaration.email(other))
