"""What Google refuses is told with the way out."""

from collections.abc import Callable

import grpc
import pytest
from google.cloud import secretmanager_v1

from infra.errors import Halted, InfraError, NotAllowed
from tests.infra.cloud import AT, PROJECT, World
from tests.infra.test_waiting import ACTS_AS

RUNS_AS = f"generate-invoices@{PROJECT}.iam.gserviceaccount.com"
ACTING = "roles/iam.serviceAccountUser"
NO_ACTING = (
    "ResponseError: status=[403], code=[Ok], message=[Caller is missing permission 'iam.serviceaccounts.actAs' on "
    f"service account projects/-/serviceAccounts/{RUNS_AS}.]"
)
UNPAID = (
    "FAILED_PRECONDITION: Billing account for project '12345' is not found. Billing must be enabled for activation "
    "of service(s) 'run.googleapis.com' to proceed."
)
NO_STRANGERS = (
    "ResponseError: status=[400], code=[Ok], message=[One or more users named in the policy do not belong to a "
    "permitted customer, perhaps due to an organization policy.]"
)

NO_BUILDS = (
    "FAILED_PRECONDITION: failed precondition: due to quota restrictions, cannot run builds in this region, see "
    "https://cloud.google.com/build/docs/locations#restricted_regions_for_some_projects"
)
TOO_MANY_CPUS = (
    "Could not create Cloud Run service run-dunning. spec.template.metadata.annotations[autoscaling.knative.dev/"
    "maxScale]: Max instances must be set to 10 or fewer to set the requested total CPU.\n\nQuota violated:\n"
    "CpuAllocPerProjectRegion requested: 20000 allowed: 10000"
)
NO_TOKEN = "Getting metadata from plugin failed with error: ('invalid_grant: Bad Request', {'error': ...})"
RULES_OFF = "Rules API has not been used in project 1: api/firebaserules.googleapis.com/overview"
FORBIDDEN, INVALID = grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.INVALID_ARGUMENT


def _answers(
    method: str, words: str = "The principal lacks IAM permission.", *, code: grpc.StatusCode = FORBIDDEN
) -> Callable[[World], object]:
    return lambda world: world.google.refusals.update({method: (code, words)})


REMEDIES: dict[str, tuple[Callable[[World], object], type[InfraError], str]] = {
    "no login": (
        lambda world: _refused(world, "services list", "You do not currently have an active account selected."),
        NotAllowed,
        "gcloud auth login",
    ),
    "no role for gcloud": (
        lambda world: _refused(world, "firestore databases create", "PERMISSION_DENIED: The caller lacks permission"),
        NotAllowed,
        f"add-iam-policy-binding {PROJECT} --member=user:YOUR_EMAIL --role=roles/datastore.owner --condition=None",
    ),
    "no role to run a function as its account": (
        lambda world: _refused(world, "functions deploy", NO_ACTING),
        NotAllowed,
        f"add-iam-policy-binding {RUNS_AS} --project={PROJECT} --member=user:YOUR_EMAIL --role={ACTING}",
    ),
    "no role to let a job call as its account": (
        _answers("CreateJob", ACTS_AS),
        NotAllowed,
        f"gcloud iam service-accounts add-iam-policy-binding scheduler@{PROJECT}.iam.gserviceaccount.com ",
    ),
    "a gcloud without a part of itself": (
        lambda world: _refused(
            world,
            "alpha monitoring",
            "You do not currently have this command group installed.  Using it requires the "
            "installation of components: [alpha]",
        ),
        InfraError,
        "gcloud components install alpha beta",
    ),
    "an organization that lets no strangers in": (
        lambda world: _refused(world, "functions deploy", NO_STRANGERS),
        InfraError,
        f"have its policy administrator allow allUsers in {PROJECT}",
    ),
    "nobody who pays": (
        lambda world: _refused(world, "services enable", UNPAID),
        InfraError,
        f"gcloud billing projects link {PROJECT} --billing-account=BILLING_ACCOUNT",
    ),
    "a region in which the project may not build": (
        lambda world: _refused(world, "functions deploy", NO_BUILDS),
        InfraError,
        f"https://console.cloud.google.com/iam-admin/quotas?project={PROJECT}, Cloud Build API",
    ),
    "more instances than the region gives": (
        lambda world: _refused(world, "functions deploy", TOO_MANY_CPUS),
        InfraError,
        "in infra/billing.yaml lower max_instances",
    ),
    "no such project": (
        lambda world: _refused(
            world, "services list", "[a@acme.example] does not have permission to access projects instance [x]"
        ),
        NotAllowed,
        "UsageAdmin --condition=None; or the project's id is another: gcloud projects list",
    ),
    "an API of the rules that was switched off meanwhile": (
        _answers("Rules", RULES_OFF),
        InfraError,
        f"switch the API on: gcloud services enable firebaserules.googleapis.com --project={PROJECT}",
    ),
    "a bucket's name that is taken": (
        lambda world: _refused(world, "buckets create", "HTTPError 403: does not have storage.buckets.get access"),
        NotAllowed,
        "choose one by --set bucket=NAME or export_bucket=NAME",
    ),
    **{
        f"no role for {service}": (_answers(method), NotAllowed, f"--role=roles/{role}.admin")
        for service, method, role in (
            ("Scheduler", "GetJob", "cloudscheduler"),
            ("Tasks", "CreateQueue", "cloudtasks"),
            ("Secret Manager", "CreateSecret", "secretmanager"),
            ("the rules", "Rules", "firebaserules"),
        )
    },
    "no credentials for the libraries": (
        _answers("GetJob", "no credentials", code=grpc.StatusCode.UNAUTHENTICATED),
        NotAllowed,
        "gcloud auth application-default login",
    ),
    "a login that has expired": (
        _answers("CreateQueue", NO_TOKEN, code=grpc.StatusCode.UNAVAILABLE),
        NotAllowed,
        "gcloud auth application-default login",
    ),
    "a deleted queue": (
        lambda world: world.google.deleted_queues.add(f"{AT}/queues/runs"),
        InfraError,
        "--set tasks_region=REGION",
    ),
    "a region that is refused although it is listed": (
        _answers("CreateQueue", "Location 'europe-west1' is not a valid location.", code=INVALID),
        InfraError,
        "gcloud tasks locations list",
    ),
    "a region in which there are no buckets": (
        lambda world: _refused(
            world, "buckets create", "HTTPError 400: The specified location constraint is not valid."
        ),
        InfraError,
        "choose a region that has all of them by --region",
    ),
    "an API that was switched off meanwhile": (
        _answers("GetQueue", "Cloud Tasks API has not been used in project: SERVICE_DISABLED"),
        InfraError,
        "switch the API on",
    ),
}


def _refused(world: World, command: str, words: str) -> None:
    world.gcloud.state["refusals"].append([command, 1, words])


@pytest.mark.parametrize("trouble", REMEDIES)
def test_each_trouble_is_told_with_its_way_out(world: World, trouble: str) -> None:
    happens, kind, remedy = REMEDIES[trouble]
    if trouble in (
        "no role for Scheduler",
        "no role for the rules",
        "no credentials for the libraries",
        "an API that was switched off meanwhile",
        "an API of the rules that was switched off meanwhile",
    ):
        world.apply()  # there has to be something to read
    happens(world)

    with pytest.raises(InfraError) as refused:
        world.apply()
    reason = refused.value.error if isinstance(refused.value, Halted) else refused.value
    assert isinstance(reason, kind)
    assert f"way out: {remedy}" in str(reason) or remedy in str(reason).partition("way out: ")[2]


def test_a_queue_that_was_only_seemingly_made_is_told_and_made_once_its_name_is_free(world: World) -> None:
    world.google.seemingly_made.add(f"{AT}/queues/runs")

    with pytest.raises(Halted, match=r"stopped at: . queue runs(?s:.*)three days at most(?s:.*)tasks_region=REGION"):
        world.apply()
    world.google.seemingly_made.clear()
    world.apply()
    assert world.plan().changes == []


def test_a_secret_whose_versions_are_all_disabled_is_named_with_the_command_that_helps(applied: World) -> None:
    [version] = applied.google.versions[f"projects/{PROJECT}/secrets/INTERNAL_API_KEY"]
    version.state = secretmanager_v1.SecretVersion.State.DISABLED  # type: ignore[assignment]

    assert applied.plan().notes[0] == (
        "INTERNAL_API_KEY: every version is disabled or destroyed; what needs it fails until you add one: "
        f"openssl rand -hex 32 | gcloud secrets versions add INTERNAL_API_KEY --data-file=- --project={PROJECT}"
    )
    assert applied.plan().changes == []
