"""That each service is in the region that it is to be in: asked before anything is made that never moves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from infra.apis import KEPT, enabled
from infra.cloud import Cloud
from infra.declaration import Declaration
from infra.errors import Refused
from infra.resource import Call, Resource, Settings, always

_TITLE = "services", "in their regions"


@dataclass(frozen=True, slots=True)
class _Service:
    """The region that a service is to be in, and the command by which gcloud lists those that it has.

    `alone` is what can be put into a region of its own, and by which variable.
    """

    name: str
    api: str
    region: str
    listed_by: str
    alone: str = ""


def regions(declaration: Declaration) -> Resource:
    """Of every service that is asked for a place, that it has it. Cloud Storage has every region."""
    services = [each for each in _services(declaration) if each.api in declaration.apis]
    wanted = {each.name: each.region for each in services}

    def check(cloud: Cloud) -> None:
        listed = {each.name: found for each in services if (found := _listed(cloud, each))}
        if missing := [each for each in services if each.region not in listed.get(each.name, each.region)]:
            raise _elsewhere(missing, listed)

    def live(cloud: Cloud) -> Settings | None:
        if not {each.api for each in services} <= enabled(cloud):
            return None
        check(cloud)
        return wanted

    kind, name = _TITLE
    says = "gcloud ... list: see that each service has its region, as what is made there never moves"
    return Resource(
        kind=kind,
        name=name,
        api="",
        wanted=wanted,
        live=live,
        create=(Call(says, check),),
        update=always(),
        kept=KEPT,
    )


def _listed(cloud: Cloud, service: _Service) -> frozenset[str]:
    """Its regions; one that lists none is not judged by that."""
    listed = cloud.gcloud.read(*service.listed_by.split()) or []
    return frozenset(each["name"].rpartition("/")[2] for each in listed)


def _elsewhere(missing: Sequence[_Service], listed: Mapping[str, frozenset[str]]) -> Refused:
    """The error that names the regions near by which do."""
    said = [f"{each.name} is not in {each.region}, but in {_near(each.region, listed[each.name])}" for each in missing]
    common = _near(missing[0].region, frozenset.intersection(*listed.values()))
    have_all = f"one that has all of them ({common or 'there is none'})"
    alone = " and ".join(each.alone for each in missing) if all(each.alone for each in missing) else ""
    choose = f"put {alone}, or everything into {have_all} by --region" if alone else f"choose {have_all} by --region"
    remedy = f"{choose}; write it into the declaration, which every release reads"
    return Refused(" ".join(_TITLE), said="; ".join(said), remedy=remedy)


def _near(region: str, others: frozenset[str]) -> str:
    """Those of the same part of the world, or all where it has none."""
    near = [each for each in others if each.partition("-")[0] == region.partition("-")[0]]
    return ", ".join(sorted(near or others))


def _services(declaration: Declaration) -> Sequence[_Service]:
    variables = declaration.variables
    region, queues, jobs = variables.region, variables.tasks_region, variables.jobs_region
    return (
        _Service("Firestore", "firestore.googleapis.com", declaration.firestore.location, "firestore locations list"),
        _Service("Cloud Functions", "cloudfunctions.googleapis.com", region, "functions regions list --gen2"),
        _Service("Cloud Run", "run.googleapis.com", region, "run regions list"),
        _Service("Artifact Registry", "artifactregistry.googleapis.com", region, "artifacts locations list"),
        _Service("Cloud Tasks", "cloudtasks.googleapis.com", queues, "tasks locations list", _alone("queues", "tasks")),
        _Service("Cloud Scheduler", "cloudscheduler.googleapis.com", jobs, "scheduler locations list", _alone("jobs")),
    )


def _alone(what: str, named: str = "") -> str:
    return f"the {what} into another region by --set {named or what}_region=REGION"
