"""Cloud Functions, and what serves them: the revisions of Cloud Run services."""

from tests.gcloud_stand_in.accounts import account_of
from tests.gcloud_stand_in.call import Commands, Flags, Json, no, variables


def _functions(state: Json, _words: list[str], _flags: Flags) -> Json:
    return list(state["functions"].values())


def _function_deploy(state: Json, words: list[str], flags: Flags) -> Json:
    account = flags.one("--service-account")
    build_account = flags.one("--build-service-account")
    for email in (account, build_account.rpartition("/")[2]):
        account_of(state, email)
    parent = f"projects/{flags.one('--project')}/locations/{flags.one('--region')}"
    service = _service_name(words[0])
    if not (flags.folder / flags.one("--source") / "functions").is_dir():
        no(f"the source {flags.one('--source')} has no functions")
    state["functions"][words[0]] = {
        "name": f"{parent}/functions/{words[0]}",
        "environment": "GEN_2",
        "state": "ACTIVE",
        "url": f"http://127.0.0.1:1/{words[0]}",  # where nobody answers
        "buildConfig": {
            "runtime": flags.one("--runtime"),
            "entryPoint": flags.one("--entry-point"),
            "serviceAccount": build_account,
            "environmentVariables": variables(flags.one("--set-build-env-vars")),
        },
        "serviceConfig": {"service": f"{parent}/services/{service}"},  # else of the time of the deploy
    }
    if "--allow-unauthenticated" in flags:
        state["policies"][service] = {"roles/run.invoker": ["allUsers"]}
    served = state["run_services"].setdefault(service, {"newest": 0, "turned_to": {}, "env": {}})
    served |= {
        "account": account,
        "limits": {"memory": flags.one("--memory"), "cpu": flags.one("--cpu")},
        "concurrency": int(flags.one("--concurrency")),
        "minScale": flags.one("--min-instances"),
        "maxScale": flags.one("--max-instances"),
        "timeout": int(flags.one("--timeout").removesuffix("s")),
        "ingress": flags.one("--ingress-settings"),
        "env": {**variables(flags.one("--set-env-vars")), "LOG_EXECUTION_ID": "true"},
        "image": served["newest"] + 1,  # what was uploaded then
    }
    _new_revision(served, takes_all="--serve-all-traffic-latest-revision" in flags)
    return state["functions"][words[0]]


def _new_revision(served: Json, *, takes_all: bool) -> None:
    """Traffic that was turned to revisions stays there unless a deploy takes all."""
    served["newest"] += 1
    if takes_all:
        served["turned_to"] = {}


def _function_delete(state: Json, words: list[str], _flags: Flags) -> None:
    if state["functions"].pop(words[0], None) is None:
        no(f"NOT_FOUND: Resource functions/{words[0]} was not found")
    del state["run_services"][_service_name(words[0])]


def _service_name(function: str) -> str:
    return function.lower().replace("_", "-")


def _services(state: Json, _words: list[str], _flags: Flags) -> Json:
    return [_service(name, served) for name, served in state["run_services"].items()]


def _service(name: str, served: Json) -> Json:
    newest = f"{name}-{served['newest']:05}"
    shares = served["turned_to"] or {newest: 100}
    traffic = [{"revisionName": revision, "percent": percent} for revision, percent in shares.items()]
    status = {"latestReadyRevisionName": newest, "traffic": [*traffic, {"revisionName": newest, "tag": "newest"}]}
    container = {
        "image": f"image-{served['image']}",
        "resources": {"limits": served["limits"]},
        "env": [{"name": variable, "value": value} for variable, value in served["env"].items()],
    }
    scales = {f"autoscaling.knative.dev/{which}": served[which] for which in ("minScale", "maxScale") if served[which]}
    spec = {
        "serviceAccountName": served["account"],
        "containerConcurrency": served["concurrency"],
        "timeoutSeconds": served["timeout"],
        "containers": [container],
    }
    template = {"metadata": {"name": newest, "annotations": scales}, "spec": spec}
    metadata = {"name": name, "annotations": {"run.googleapis.com/ingress": served["ingress"]}}
    return {"metadata": metadata, "spec": {"template": template}, "status": status}


def _service_update(state: Json, words: list[str], flags: Flags) -> None:
    """As Cloud Run: the image and all that is not named stay."""
    if words[0] not in state["run_services"]:
        no(f"Service [{words[0]}] could not be found.")
    served = state["run_services"][words[0]]
    if account := flags.one("--service-account"):
        account_of(state, account)
        served["account"] = account
    given = {"memory": flags.one("--memory"), "cpu": flags.one("--cpu")}
    served["limits"] |= {name: value for name, value in given.items() if value}
    for flag, name in (("--concurrency", "concurrency"), ("--timeout", "timeout")):
        served[name] = int(flags.one(flag, served[name]))
    served["minScale"] = flags.one("--min-instances", served["minScale"])
    served["maxScale"] = flags.one("--max-instances", served["maxScale"])
    served["ingress"] = flags.one("--ingress", served["ingress"])
    gone = flags.one("--remove-env-vars", "").split(",")
    kept = {name: value for name, value in served["env"].items() if name not in gone}
    served["env"] = kept | variables(flags.one("--update-env-vars", ""))
    _new_revision(served, takes_all=False)


def _turn_traffic(state: Json, words: list[str], flags: Flags) -> None:
    if words[0] not in state["run_services"]:
        no(f"Service [{words[0]}] could not be found.")
    shares = variables(flags.one("--to-revisions"))
    state["run_services"][words[0]]["turned_to"] = {revision: int(share) for revision, share in shares.items()}


COMMANDS: Commands = {
    "run services list": _services,
    "run services update": _service_update,
    "run services update-traffic": _turn_traffic,
    "functions list": _functions,
    "functions deploy": _function_deploy,
    "functions delete": _function_delete,
}
