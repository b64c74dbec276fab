"""The Cloud Run service behind a function: what its newest revision runs with, and how that is changed.

A function that the Cloud Functions API made may be managed by the API of Cloud Run as well
(https://docs.cloud.google.com/run/docs/functions/comparison). That keeps the image that there is, while every update by
the former builds one anew.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, count
from typing import Any, TypeAlias

from infra.cloud import Cloud
from infra.resource import Command, Difference, Settings, gcloud

Service: TypeAlias = Mapping[str, Any]
"""As gcloud describes one (https://docs.cloud.google.com/run/docs/reference/rest/v1/namespaces.services)."""

_PLATFORMS_OWN = ("LOG_EXECUTION_ID", "FUNCTION_TARGET", "FUNCTION_SIGNATURE_TYPE")
"""Variables that the platform sets by itself."""

_EVERYBODY, _MAY_CALL = "allUsers", "roles/run.invoker"


def service_of(cloud: Cloud, function: Mapping[str, Any], *, region: str) -> Service | None:
    """The service that serves a function; None for one that never came to serve."""
    name = str(function.get("serviceConfig", {}).get("service", "")).rpartition("/")[2]
    services = cloud.gcloud.read("run", "services", "list", f"--region={region}") or []
    return next((each for each in services if each["metadata"]["name"] == name), None)


def service_settings(cloud: Cloud, service: Service, *, region: str) -> Settings:
    """What its newest revision runs with, and who may call it."""
    template = service["spec"]["template"]
    spec = template["spec"]
    container, *_ = spec["containers"]  # others may stand beside the function
    limits = container.get("resources", {}).get("limits", {})
    return {
        "service": service["metadata"]["name"],
        "service_account": spec.get("serviceAccountName"),
        "memory": limits.get("memory"),
        "cpu": str(limits.get("cpu")).replace("000m", ""),
        "concurrency": spec.get("containerConcurrency"),
        "min_instances": _scale(service, "min"),
        "max_instances": _scale(service, "max"),
        "timeout": spec.get("timeoutSeconds"),
        "public": _is_public(cloud, service, region=region),
        "ingress": service["metadata"].get("annotations", {}).get("run.googleapis.com/ingress", "all"),
        "environment": variables_of(service),
    }


def variables_of(service: Service) -> dict[str, str]:
    """What its newest revision is told, without what the platform adds."""
    container, *_ = service["spec"]["template"]["spec"]["containers"]
    variables = {each["name"]: each.get("value", "") for each in container.get("env", [])}
    return {name: value for name, value in variables.items() if name not in _PLATFORMS_OWN}


def change(found: Sequence[Difference], live: Settings, *, region: str) -> Iterator[Command]:
    """A revision of the same code with what differs, and a service that lets everybody through where it does not."""
    name, flags = str(live["service"]), list(chain.from_iterable(map(_flags, found)))
    if flags:
        yield gcloud("run", "services", "update", name, f"--region={region}", *flags)
    if any(each.field == "public" for each in found):
        opened = (f"--member={_EVERYBODY}", f"--role={_MAY_CALL}")
        yield gcloud("run", "services", "add-iam-policy-binding", name, f"--region={region}", *opened)


def newest_serves(service: Service) -> bool:
    """Whether all traffic goes to the newest revision."""
    status = service["status"]
    newest = status.get("latestReadyRevisionName")
    return all(each["revisionName"] == newest for each in status.get("traffic", []) if each.get("percent"))


def joined(variables: Mapping[str, str]) -> str:
    """As gcloud reads them; another sign between them where a value has a comma (gcloud topic escaping)."""
    pairs = [f"{name}={value}" for name, value in variables.items()]
    signs = chain((",", "|"), (f":{number}:" for number in count()))
    sign = next(each for each in signs if each.join(pairs).split(each) == pairs)
    text = sign.join(pairs)
    return text if sign == "," else f"^{sign}^{text}"


def _flags(each: Difference) -> Iterator[str]:
    match each.field, each.wanted:
        case "public", _:
            return
        case "environment", dict(wanted):
            live = each.live if isinstance(each.live, dict) else {}
            if changed := {name: value for name, value in wanted.items() if live.get(name) != value}:
                yield f"--update-env-vars={joined(changed)}"
            if gone := [name for name in live if name not in wanted]:
                yield f"--remove-env-vars={','.join(gone)}"
        case field, value:
            yield f"--{field.replace('_', '-')}={value}"


def _scale(service: Service, which: str) -> int:
    """The fewest or the most instances: of the revision, else of the service, else 0."""
    of_revision = service["spec"]["template"]["metadata"].get("annotations", {})
    of_service = service["metadata"].get("annotations", {})
    scale = of_revision.get(f"autoscaling.knative.dev/{which}Scale")
    return int(scale or of_service.get(f"run.googleapis.com/{which}Scale", 0))


def _is_public(cloud: Cloud, service: Service, *, region: str) -> bool:
    """Whether Cloud Run lets everybody through to the function's own door."""
    name = service["metadata"]["name"]
    policy = cloud.gcloud.read("run", "services", "get-iam-policy", name, f"--region={region}") or {}
    return any(each["role"] == _MAY_CALL and _EVERYBODY in each["members"] for each in policy.get("bindings", []))
