"""Cloud Functions."""

from tests.gcloud_stand_in.accounts import account_of
from tests.gcloud_stand_in.call import Commands, Flags, Json, no, variables


def _functions(state: Json, _words: list[str], _flags: Flags) -> Json:
    return list(state["functions"].values())


def _function_deploy(state: Json, words: list[str], flags: Flags) -> None:
    account = flags.one("--service-account")
    account_of(state, account)
    parent = f"projects/{flags.one('--project')}/locations/{flags.one('--region')}"
    service = words[0].lower().replace("_", "-")
    if not (flags.folder / flags.one("--source") / "functions").is_dir():
        no(f"the source {flags.one('--source')} has no functions")
    state["functions"][words[0]] = {
        "name": f"{parent}/functions/{words[0]}",
        "environment": "GEN_2",
        "state": "ACTIVE",
        "buildConfig": {
            "runtime": flags.one("--runtime"),
            "entryPoint": flags.one("--entry-point"),
            "environmentVariables": variables(flags.one("--set-build-env-vars")),
        },
        "serviceConfig": {
            "service": f"{parent}/services/{service}",
            "serviceAccountEmail": account,
            "availableMemory": flags.one("--memory"),
            "availableCpu": flags.one("--cpu"),
            "maxInstanceRequestConcurrency": int(flags.one("--concurrency")),
            "maxInstanceCount": int(flags.one("--max-instances")),
            "timeoutSeconds": int(flags.one("--timeout").removesuffix("s")),
            "environmentVariables": {**variables(flags.one("--set-env-vars")), "LOG_EXECUTION_ID": "true"},
        },
    }
    if "--allow-unauthenticated" in flags:
        state["policies"][service] = {"roles/run.invoker": ["allUsers"]}


def _function_delete(state: Json, words: list[str], _flags: Flags) -> None:
    if state["functions"].pop(words[0], None) is None:
        no(f"NOT_FOUND: Resource functions/{words[0]} was not found")


COMMANDS: Commands = {
    "functions list": _functions,
    "functions deploy": _function_deploy,
    "functions delete": _function_delete,
}
