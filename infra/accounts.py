"""The service accounts and everything that each may do."""

from collections.abc import Iterator, Sequence

from infra.cloud import Cloud
from infra.declaration import Declaration
from infra.grants import Place, by_gcloud, by_library, grant
from infra.queues import queue_name
from infra.resource import Difference, Resource, Settings, Step, always, gcloud
from infra.secret_places import secret_name

IAM = "iam.googleapis.com"


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
        email = declaration.email(name)
        yield grant(name, email=email, place=_project(declaration), roles=account.project_roles)
        for bucket in declaration.buckets:
            yield grant(
                name, email=email, place=_bucket(declaration, bucket), roles=account.bucket_roles.get(bucket, ())
            )
        for queue in declaration.queues:
            yield grant(name, email=email, place=_queue(declaration, queue), roles=account.queue_roles.get(queue, ()))
        for secret in declaration.secrets:
            yield grant(name, email=email, place=_secret(declaration, secret), roles=account.secret_roles)
        for other in declaration.service_accounts:
            roles = ("roles/iam.serviceAccountUser",) if other in account.acts_as else ()
            yield grant(name, email=email, place=_account(declaration, other), roles=roles)


def _project(declaration: Declaration) -> Place:
    project = declaration.variables.project
    return by_gcloud("the project", api="cloudresourcemanager.googleapis.com", group=["projects"], target=project)


def _bucket(declaration: Declaration, bucket: str) -> Place:
    target = f"gs://{declaration.buckets[bucket].name}"
    return by_gcloud(target, api="storage.googleapis.com", group=["storage", "buckets"], target=target)


def _account(declaration: Declaration, other: str) -> Place:
    return by_gcloud(f"account {other}", api=IAM, group=["iam", "service-accounts"], target=declaration.email(other))


def _queue(declaration: Declaration, queue: str) -> Place:
    return by_library(
        f"queue {queue}",
        service="Cloud Tasks",
        api="cloudtasks.googleapis.com",
        client=lambda cloud: cloud.tasks,
        resource=queue_name(declaration, queue),
    )


def _secret(declaration: Declaration, secret: str) -> Place:
    return by_library(
        f"secret {secret}",
        service="Secret Manager",
        api="secretmanager.googleapis.com",
        client=lambda cloud: cloud.secrets,
        resource=secret_name(declaration, secret),
    )
