"""The APIs of the project, which come before everything else."""

from infra.cloud import Cloud
from infra.declaration import Declaration
from infra.resource import Resource, Settings, gcloud

KEPT = "other things in the project may use them"


def apis(declaration: Declaration) -> Resource:
    """All of them; those that others need besides stay as they are."""
    wanted = dict.fromkeys(declaration.apis, "on")

    def live(cloud: Cloud) -> Settings | None:
        return {name: "on" for name in enabled(cloud) if name in wanted} or None

    return Resource(
        kind="APIs",
        name=declaration.variables.project,
        api="",
        wanted=wanted,
        live=live,
        create=(gcloud("services", "enable", *declaration.apis),),
        update=lambda differences, _live: (gcloud("services", "enable", *(each.field for each in differences)),),
        kept=KEPT,
    )


def enabled(cloud: Cloud) -> frozenset[str]:
    """The APIs that are on."""
    services = cloud.gcloud.read("services", "list", "--enabled") or []
    return frozenset(service["config"]["name"] for service in services)
