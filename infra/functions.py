"""The functions: how each is deployed, and whether it still is as declared.

`apply` deploys a function that is missing or whose settings differ, from this very folder; new code comes by
cloudbuild.yaml, with the same settings.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, count
from typing import Any

from billing.adapters.task_place import FUNCTION_URLS
from billing.ports.tasks import FunctionName
from infra.cloud import Cloud
from infra.declaration import Declaration, Function
from infra.resource import Resource, Settings, always, gcloud

_PLATFORMS_OWN = "LOG_EXECUTION_ID"
"""A variable that the platform sets by itself."""

_WENT_BACK = (
    "a revision before the newest serves, as after a release that went back; its settings may be others than these. "
    "Release again: the next deploy takes all traffic"
)


def functions(declaration: Declaration) -> Iterator[Resource]:
    """Each one. All are open to the platform: their own doors check who calls, which they can do only so."""
    for name, function in declaration.functions.items():
        yield _of(name, function, declaration)


def _of(name: FunctionName, function: Function, declaration: Declaration) -> Resource:
    region = declaration.variables.region

    def live(cloud: Cloud) -> Settings | None:
        one = _found(cloud, name, region=region)
        return None if one is None else _settings(one, public=_is_public(cloud, one, region=region))

    def notes(cloud: Cloud) -> Sequence[str]:
        one = _found(cloud, name, region=region)
        return () if one is None or _newest_serves(cloud, one, region=region) else (f"{name}: {_WENT_BACK}",)

    deploy = gcloud("functions", "deploy", name, *deploy_flags(declaration, name))
    return Resource(
        kind="function",
        name=name,
        api="cloudfunctions.googleapis.com",
        wanted={
            "runtime": declaration.variables.runtime,
            "entry_point": function.entry_point,
            "source_file": function.source,
            "service_account": declaration.email(function.runs_as),
            "build_account": _build_account(declaration),
            "memory": function.memory,
            "cpu": str(function.cpu),
            "concurrency": function.concurrency,
            "min_instances": function.min_instances,
            "max_instances": function.max_instances,
            "timeout": function.timeout,
            "public": True,
            "ingress": "ALLOW_ALL",
            "environment": environment(declaration, name),
        },
        live=live,
        create=(deploy,),
        update=always(deploy),
        delete=always(gcloud("functions", "delete", name, f"--region={region}")),
        notes=notes,
    )


def deploy_flags(declaration: Declaration, name: FunctionName) -> Sequence[str]:
    """The flags of `gcloud functions deploy` for a function, by `apply` and by a release (infra/deploy) alike.

    After a release that went back, traffic stays with a revision until a deploy takes all of it.
    """
    function = declaration.functions[name]
    variables = environment(declaration, name)
    return (
        "--gen2",
        f"--region={declaration.variables.region}",
        f"--runtime={declaration.variables.runtime}",
        "--source=.",
        f"--entry-point={function.entry_point}",
        "--trigger-http",
        "--allow-unauthenticated",
        "--ingress-settings=all",
        "--serve-all-traffic-latest-revision",
        f"--service-account={declaration.email(function.runs_as)}",
        f"--build-service-account={_build_account(declaration)}",
        f"--memory={function.memory}",
        f"--cpu={function.cpu}",
        f"--concurrency={function.concurrency}",
        f"--min-instances={function.min_instances}",
        f"--max-instances={function.max_instances}",
        f"--timeout={function.timeout}s",
        f"--set-build-env-vars=GOOGLE_FUNCTION_SOURCE={function.source}",
        f"--set-env-vars={_joined(variables)}",
    )


def _build_account(declaration: Declaration) -> str:
    """As Cloud Functions names it. Google's own choice lacks roles in projects made since July 2024.

    https://cloud.google.com/build/docs/cloud-build-service-account-updates
    """
    return f"projects/{declaration.variables.project}/serviceAccounts/{declaration.email('builder')}"


def environment(declaration: Declaration, name: FunctionName) -> dict[str, str]:
    """What a function is told: the declared variables, and those that follow from the rest."""
    function: Function = declaration.functions[name]
    variables = declaration.variables
    return {
        "PYTHONPATH": "shared",  # where the function finds `billing` in the upload
        "GOOGLE_CLOUD_PROJECT": variables.project,
        **({"FIRESTORE_DATABASE": variables.database} if variables.database != "(default)" else {}),
        **function.environment,
        "OIDC_AUDIENCE": declaration.url(name),
        "OIDC_SERVICE_ACCOUNTS": ",".join(declaration.email(each) for each in function.callers),
        "BILLING_TASKS": f"projects/{variables.project}/locations/{variables.tasks_region}",
        "TASKS_SERVICE_ACCOUNT": declaration.email(declaration.tasks_call_as(name)),
        "TASKS_MAX_ATTEMPTS": str(declaration.queues["runs"].max_attempts),
        **{FUNCTION_URLS[each]: declaration.url(each) for each in declaration.functions},
    }


def _joined(variables: Mapping[str, str]) -> str:
    """As gcloud reads them; another sign between them where a value has a comma (gcloud topic escaping)."""
    pairs = [f"{name}={value}" for name, value in variables.items()]
    signs = chain((",", "|"), (f":{number}:" for number in count()))
    sign = next(each for each in signs if each.join(pairs).split(each) == pairs)
    joined = sign.join(pairs)
    return joined if sign == "," else f"^{sign}^{joined}"


def _settings(found: Mapping[str, Any], *, public: bool) -> Settings:
    build, service = found.get("buildConfig", {}), found.get("serviceConfig", {})
    variables = dict(service.get("environmentVariables", {}))
    variables.pop(_PLATFORMS_OWN, None)
    return {
        "runtime": build.get("runtime"),
        "entry_point": build.get("entryPoint"),
        "source_file": build.get("environmentVariables", {}).get("GOOGLE_FUNCTION_SOURCE"),
        "service_account": service.get("serviceAccountEmail"),
        "build_account": build.get("serviceAccount"),
        "memory": service.get("availableMemory"),
        "cpu": service.get("availableCpu"),
        "concurrency": service.get("maxInstanceRequestConcurrency", 1),
        "min_instances": service.get("minInstanceCount", 0),
        "max_instances": service.get("maxInstanceCount"),
        "timeout": service.get("timeoutSeconds"),
        "public": public,
        "ingress": service.get("ingressSettings", "ALLOW_ALL"),
        "environment": variables,
    }


def _found(cloud: Cloud, name: str, *, region: str) -> Mapping[str, Any] | None:
    found = cloud.gcloud.read("functions", "list", f"--regions={region}") or []
    return next((each for each in found if each["name"].endswith(f"/{name}")), None)


def _service(found: Mapping[str, Any]) -> str:
    """The name of its Cloud Run service."""
    return str(found.get("serviceConfig", {}).get("service", "")).rpartition("/")[2]


def _newest_serves(cloud: Cloud, found: Mapping[str, Any], *, region: str) -> bool:
    """Whether all traffic goes to the revision with these settings; so too where there is no service to ask."""
    services = cloud.gcloud.read("run", "services", "list", f"--region={region}") or []
    status: Mapping[str, Any] = next(
        (each["status"] for each in services if each["metadata"]["name"] == _service(found)), {}
    )
    newest = status.get("latestReadyRevisionName")
    return all(each["revisionName"] == newest for each in status.get("traffic", []) if each.get("percent"))


def _is_public(cloud: Cloud, found: Mapping[str, Any], *, region: str) -> bool:
    """Whether Cloud Run lets everybody through to the function's own door."""
    service = _service(found)
    policy = cloud.gcloud.read("run", "services", "get-iam-policy", service, f"--region={region}") or {}
    return any(
        each["role"] == "roles/run.invoker" and "allUsers" in each["members"] for each in policy.get("bindings", [])
    )
