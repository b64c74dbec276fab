"""The functions: how each is deployed, and whether it still is as declared.

`apply` deploys a function that is missing, from this very folder, and changes the settings of one that is there, never
its code: new code comes by a release (cloudbuild.yaml), which calls it and can go back. What a function is built by
changes with its code.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from billing.adapters.task_place import FUNCTION_URLS
from billing.ports.tasks import FunctionName
from infra.apis import enabled
from infra.cloud import Cloud
from infra.declaration import Declaration, Function
from infra.resource import Difference, Resource, Settings, Step, always, gcloud
from infra.run_service import change, joined, newest_serves, service_of, service_settings, variables_of

_WENT_BACK = (
    "a revision before the newest serves, as after a release that went back; its settings may be others than these. "
    "Release again: that takes all traffic"
)
_BY_RELEASE = "it changes with the code, by the next release"
_DATABASE, _UNTOLD = "FIRESTORE_DATABASE", "(default)"
_API, _APIS = "cloudfunctions.googleapis.com", frozenset({"cloudfunctions.googleapis.com", "run.googleapis.com"})


def functions(declaration: Declaration) -> Iterator[Resource]:
    """Each one. All are open to the platform: their own doors check who calls, which they can do only so."""
    for name, function in declaration.functions.items():
        yield _of(name, function, declaration)


def is_queried(cloud: Cloud, declaration: Declaration) -> bool:
    """Whether functions were deployed that query the declared database, by code of whichever version."""
    if not enabled(cloud) >= _APIS:
        return False
    region = declaration.variables.region
    found = (_found(cloud, name, region=region) for name in declaration.functions)
    services = (service_of(cloud, each, region=region) for each in found if each is not None)
    used = {variables_of(each).get(_DATABASE) or _UNTOLD for each in services if each is not None}
    return declaration.firestore.database in used


def _of(name: FunctionName, function: Function, declaration: Declaration) -> Resource:
    region = declaration.variables.region

    def live(cloud: Cloud) -> Settings | None:
        one = _found(cloud, name, region=region)
        if one is None:
            return None
        service = service_of(cloud, one, region=region)
        return {**_built(one), **({} if service is None else service_settings(cloud, service, region=region))}

    def update(found: Sequence[Difference], live: Settings) -> Sequence[Step]:
        return tuple(change(found, live, region=region)) if _serves(live) else (deploy,)

    def notes(cloud: Cloud) -> Sequence[str]:
        one = _found(cloud, name, region=region)
        service = None if one is None else service_of(cloud, one, region=region)
        return () if service is None or newest_serves(service) else (f"{name}: {_WENT_BACK}",)

    deploy = gcloud("functions", "deploy", name, *deploy_flags(declaration, name))
    by_release = {
        "runtime": declaration.variables.runtime,
        "entry_point": function.entry_point,
        "source_file": function.source,
        "build_account": _build_account(declaration),
    }
    return Resource(
        kind="function",
        name=name,
        api=_API,
        wanted={
            **by_release,
            "service_account": declaration.email(function.runs_as),
            "memory": function.memory,
            "cpu": str(function.cpu),
            "concurrency": function.concurrency,
            "min_instances": function.min_instances,
            "max_instances": function.max_instances,
            "timeout": function.timeout,
            "public": True,
            "ingress": "all",
            "environment": environment(declaration, name),
        },
        live=live,
        create=(deploy,),
        update=update,
        delete=always(gcloud("functions", "delete", name, f"--region={region}")),
        left=lambda live: dict.fromkeys(by_release, _BY_RELEASE) if _serves(live) else {},
        notes=notes,
    )


def deploy_flags(declaration: Declaration, name: FunctionName) -> Sequence[str]:
    """The flags of `gcloud functions deploy` for a function, by `apply` where it is missing and by a release alike.

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
        f"--set-env-vars={joined(variables)}",
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
        _DATABASE: variables.database,
        **function.environment,
        "OIDC_AUDIENCE": declaration.url(name),
        "OIDC_SERVICE_ACCOUNTS": ",".join(declaration.email(each) for each in function.callers),
        "BILLING_TASKS": f"projects/{variables.project}/locations/{variables.tasks_region}",
        "TASKS_SERVICE_ACCOUNT": declaration.email(declaration.tasks_call_as(name)),
        "TASKS_MAX_ATTEMPTS": str(declaration.queues["runs"].max_attempts),
        **{FUNCTION_URLS[each]: declaration.url(each) for each in declaration.functions},
    }


def _found(cloud: Cloud, name: str, *, region: str) -> Mapping[str, Any] | None:
    found = cloud.gcloud.read("functions", "list", f"--regions={region}") or []
    return next((each for each in found if each["name"].endswith(f"/{name}")), None)


def _serves(live: Settings) -> bool:
    """Whether it ever came to serve, so that there is code to keep."""
    return "service" in live


def _built(found: Mapping[str, Any]) -> Settings:
    """What it was built by."""
    build = found.get("buildConfig", {})
    return {
        "runtime": build.get("runtime"),
        "entry_point": build.get("entryPoint"),
        "source_file": build.get("environmentVariables", {}).get("GOOGLE_FUNCTION_SOURCE"),
        "build_account": build.get("serviceAccount"),
    }
