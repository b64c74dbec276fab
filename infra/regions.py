"""That each service is in the region that it is to be in: asked before anything is made that never moves."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from infra.apis import KEPT, enabled
from infra.cloud import Cloud
from infra.declaration import Declaration
from infra.errors import Refused
from infra.resource import Call, Resource, Settings, always

_TITLE = "services", "in their regions"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Service:
    """The region that a service is to be in, and how gcloud lists those that it has.

    `alone` is what can be put into a region of its own, and by which variable.
    """

    name: str
    api: str
    region: str
    listed_by: Sequence[str]
    alone: str = ""


def regions(declaration: Declaration) -> Resource:
    """Of every service that is asked for a place, that it has it. Cloud Storage has every region."""
    services = [each for each in _services(declaration) if each.api in declaration.apis]
    wanted = {each.name: each.region for each in services}

    def check(cloud: Cloud) -> None:
        listed = {each.name: _listed(cloud, each) for each in services}
        if missing := [each for each in services if each.region not in listed[each.name]]:
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


def _listed(cloud: Cloud, service: _Service) -> AbstractSet[str]:
    """Its regions; one that lists none is not judged by that."""
    listed = cloud.gcloud.read(*service.listed_by) or [{"name": service.region}]
    return {each["name"].rpartition("/")[2] for each in listed}


def _elsewhere(missing: Sequence[_Service], listed: Mapping[str, AbstractSet[str]]) -> Refused:
    """The error that names the regions near by which do."""
    said = [f"{each.name} is not in {each.region}, but in {_near(each.region, listed[each.name])}" for each in missing]
    common = _near(missing[0].region, frozenset.intersection(*map(frozenset, listed.values())))
    have_all = f"one that has all of them ({common or 'there is none'})"
    alone = " and ".join(each.alone for each in missing) if all(each.alone for each in missing) else ""
    choose = f"put {alone}, or everything into {have_all} by --region" if alone else f"choose {have_all} by --region"
    remedy = f"{choose}; write it into the declaration, which every release reads"
    return Refused(" ".join(_TITLE), said="; ".join(said), remedy=remedy)


def _near(region: str, others: AbstractSet[str]) -> str:
    """Those of the same part of the world, or all where it has none."""
    near = [each for each in others if each.partition("-")[0] == region.partition("-")[0]]
    return ", ".join(sorted(near or others))


def _services(declaration: Declaration) -> Sequence[_Service]:
    variables = declaration.variables
    region = variables.region
    return (
        _Service(
            name="Firestore",
            api="firestore.googleapis.com",
            region=declaration.firestore.location,
            listed_by=("firestore", "locations", "list"),
        ),
        _Service(
            name="Cloud Functions",
            api="cloudfunctions.googleapis.com",
            region=region,
            listed_by=("functions", "regions", "list", "--gen2"),
        ),
        _Service(name="Cloud Run", api="run.googleapis.com", region=region, listed_by=("run", "regions", "list")),
        _Service(
            name="Artifact Registry",
            api="artifactregistry.googleapis.com",
            region=region,
            listed_by=("artifacts", "locations", "list"),
        ),
        _Service(
            name="Cloud Tasks",
            api="cloudtasks.googleapis.com",
            region=variables.tasks_region,
            listed_by=("tasks", "locations", "list"),
            alone="the queues into another region by --set tasks_region=REGION",
        ),
        _Service(
            name="Cloud Scheduler",
            api="cloudscheduler.googleapis.com",
            region=variables.jobs_region,
            listed_by=("scheduler", "locations", "list"),
            alone="the jobs into another region by --set jobs_region=REGION",
        ),
    )
