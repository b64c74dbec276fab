"""A gcloud that keeps a project in memory: called within the test, or as an executable on the path.

It takes no command or flag that the gcloud of this machine does not know, answers in the JSON of Google's APIs, lets
nothing be used before its API is on, and refuses in gcloud's words.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from socketserver import StreamRequestHandler, TCPServer
from threading import Thread
from typing import Any, NoReturn, TypeAlias

Json: TypeAlias = Any
Known: TypeAlias = Mapping[str, frozenset[str]]

EMPTY: Mapping[str, Any] = {
    "services": ["cloudresourcemanager.googleapis.com", "serviceusage.googleapis.com"],
    "accounts": [],
    "policies": {},
    "databases": [],
    "backup_schedules": [],
    "indexes": [],
    "fields": {},
    "buckets": {},
    "functions": {},
    "metrics": {},
    "alerts": [],
    "channels": [],
    "commands": [],
    "refusals": [],
}
"""A project in which nothing is yet. `refusals` are [pattern, exit code, words] for commands that are to fail once."""

_APIS = {
    "iam": "iam.googleapis.com",
    "firestore": "firestore.googleapis.com",
    "storage": "storage.googleapis.com",
    "functions": "cloudfunctions.googleapis.com",
    "run": "run.googleapis.com",
    "logging": "logging.googleapis.com",
    "monitoring": "monitoring.googleapis.com",
}


class No(Exception):
    """gcloud's refusal: its exit code and words."""

    def __init__(self, words: str, code: int = 1) -> None:
        self.words, self.code = words, code
        super().__init__(words)


def _no(words: str, code: int = 1) -> NoReturn:
    raise No(words, code)


class StandIn:
    """One project. `state` is all that it is, as JSON."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.state: dict[str, Any] = deepcopy(dict(EMPTY))

    def __call__(self, command: Sequence[str], folder: Path) -> tuple[int, str, str]:
        """Do a command, `gcloud` first, as in a folder; its exit code, output and errors."""
        self.state["commands"].append(list(command[1:]))
        try:
            words, positional, flags = self._parsed(command[1:])
            self._refuse_once(" ".join(command[1:]))
            self._require_api(words)
            answer = _COMMANDS[words](self.state, positional, Flags(flags, folder=folder))
        except No as no:
            return no.code, "", f"ERROR: ({'.'.join(['gcloud', *command[1:3]])}) {no.words}\n"
        return 0, "" if answer is None else json.dumps(answer), ""

    def changes(self) -> list[str]:
        """The commands so far that read nothing, as words without flags."""
        reading = ("list", "describe", "get-iam-policy")
        commands = [[word for word in each if not word.startswith("--")] for each in self.state["commands"]]
        return [" ".join(each) for each in commands if not any(word in reading for word in each)]

    def _parsed(self, args: Sequence[str]) -> tuple[str, list[str], dict[str, Any]]:
        words = next(
            (" ".join(args[:end]) for end in range(len(args), 0, -1) if " ".join(args[:end]) in self.known), ""
        )
        if not words:
            _no(f"Invalid choice: {args[0]!r}.", code=2)
        flags: dict[str, Any] = {}
        positional: list[str] = []
        for arg in args[len(words.split()) :]:
            if not arg.startswith("--"):
                positional.append(arg)
                continue
            name, sign, value = arg.partition("=")
            if name not in self.known[words]:
                _no(f"unrecognized arguments: {arg}", code=2)
            flags.setdefault(name, []).append(value if sign else True)
        if words not in _COMMANDS:
            msg = f"the stand-in has no {words}"
            raise AssertionError(msg)
        return words, positional, flags

    def _refuse_once(self, line: str) -> None:
        for refusal in self.state["refusals"]:
            if re.search(refusal[0], line):
                self.state["refusals"].remove(refusal)
                _no(refusal[2], code=refusal[1])

    def _require_api(self, words: str) -> None:
        api = next((_APIS[word] for word in words.split() if word in _APIS), None)
        if api is not None and api not in self.state["services"]:
            _no(
                f"PERMISSION_DENIED: API [{api}] has not been used in project acme-billing before or it is disabled. "
                "reason: SERVICE_DISABLED"
            )


class Flags(dict):
    """A command's flags; each may come more than once."""

    def __init__(self, flags: Mapping[str, list[Any]], *, folder: Path) -> None:
        super().__init__(flags)
        self.folder = folder

    def one(self, name: str, default: Json = None) -> Json:
        return self[name][-1] if name in self else default

    def file(self, name: str) -> Json:
        return json.loads((self.folder / self.one(name)).read_text())


def _services_list(state: Json, _words: list[str], _flags: Flags) -> Json:
    return [{"config": {"name": name}, "state": "ENABLED"} for name in state["services"]]


def _services_enable(state: Json, names: list[str], _flags: Flags) -> None:
    state["services"] += [name for name in names if name not in state["services"]]


def _account_create(state: Json, words: list[str], flags: Flags) -> None:
    email = f"{words[0]}@{flags.one('--project')}.iam.gserviceaccount.com"
    if any(each["email"] == email for each in state["accounts"]):
        _no(f"Resource in projects is the subject of a conflict: Service account {words[0]} already exists")
    state["accounts"].append({"email": email, "displayName": flags.one("--display-name", "")})


def _account(state: Json, email: str) -> Json:
    found = next((each for each in state["accounts"] if each["email"] == email), None)
    if found is None:
        _no(f"NOT_FOUND: Unknown service account {email}")
    return found


def _account_update(state: Json, words: list[str], flags: Flags) -> None:
    _account(state, words[0])["displayName"] = flags.one("--display-name")


def _account_enable(state: Json, words: list[str], _flags: Flags) -> None:
    _account(state, words[0]).pop("disabled", None)


def _account_delete(state: Json, words: list[str], _flags: Flags) -> None:
    state["accounts"].remove(_account(state, words[0]))


def _target(state: Json, words: list[str]) -> str:
    """What a policy is of, which has to be there."""
    target = words[0]
    if target.startswith("gs://"):
        _bucket(state, target)
    elif "@" in target:
        _account(state, target)
    return target


def _policy(state: Json, words: list[str], _flags: Flags) -> Json:
    bindings = state["policies"].get(_target(state, words), {})
    return {"bindings": [{"role": role, "members": members} for role, members in bindings.items() if members]}


def _bind(state: Json, words: list[str], flags: Flags) -> None:
    member = flags.one("--member").removeprefix("serviceAccount:")
    if not any(each["email"] == member for each in state["accounts"]):
        _no(f"INVALID_ARGUMENT: Service account {member} does not exist.")
    members = state["policies"].setdefault(_target(state, words), {}).setdefault(flags.one("--role"), [])
    if flags.one("--member") not in members:
        members.append(flags.one("--member"))


def _unbind(state: Json, words: list[str], flags: Flags) -> None:
    members = state["policies"].get(_target(state, words), {}).get(flags.one("--role"), [])
    if flags.one("--member") not in members:
        _no("Policy binding with the specified principal and role was not found!")
    members.remove(flags.one("--member"))


def _database(state: Json, flags: Flags) -> Json:
    name = f"projects/{flags.one('--project')}/databases/{flags.one('--database')}"
    found = next((each for each in state["databases"] if each["name"] == name), None)
    if found is None:
        _no(f"NOT_FOUND: The database {flags.one('--database')} does not exist")
    return found


def _database_create(state: Json, _words: list[str], flags: Flags) -> None:
    if not re.fullmatch("[a-z]+-[a-z]+[0-9]|eur3|nam5", flags.one("--location")):
        _no(f"INVALID_ARGUMENT: Invalid locationId: {flags.one('--location')} is not a valid location")
    state["databases"].append(
        {
            "name": f"projects/{flags.one('--project')}/databases/{flags.one('--database')}",
            "type": "FIRESTORE_NATIVE",
            "locationId": flags.one("--location"),
            **_protection(flags),
        }
    )


def _protection(flags: Flags) -> dict[str, str]:
    return {
        "pointInTimeRecoveryEnablement": f"POINT_IN_TIME_RECOVERY_{'EN' if '--enable-pitr' in flags else 'DIS'}ABLED",
        "deleteProtectionState": f"DELETE_PROTECTION_{'EN' if '--delete-protection' in flags else 'DIS'}ABLED",
    }


def _database_update(state: Json, _words: list[str], flags: Flags) -> None:
    _database(state, flags).update(_protection(flags))


def _schedules(state: Json, _words: list[str], flags: Flags) -> Json:
    _database(state, flags)
    return state["backup_schedules"]


def _schedule_create(state: Json, _words: list[str], flags: Flags) -> None:
    name = f"{_database(state, flags)['name']}/backupSchedules/s{len(state['backup_schedules'])}"
    state["backup_schedules"].append({"name": name, "retention": _seconds(flags), "dailyRecurrence": {}})


def _schedule_update(state: Json, _words: list[str], flags: Flags) -> None:
    for each in state["backup_schedules"]:
        if each["name"].endswith(f"/{flags.one('--backup-schedule')}"):
            each["retention"] = _seconds(flags)


def _seconds(flags: Flags) -> str:
    return f"{int(flags.one('--retention').removesuffix('d')) * 86_400}s"


def _indexes(state: Json, _words: list[str], flags: Flags) -> Json:
    _database(state, flags)
    return state["indexes"]


def _index_create(state: Json, _words: list[str], flags: Flags) -> None:
    group = f"{_database(state, flags)['name']}/collectionGroups/{flags.one('--collection-group')}"
    fields = []
    for config in flags["--field-config"]:
        said = dict(pair.split("=") for pair in config.split(","))
        mode = {"order": said["order"].upper()} if "order" in said else {"arrayConfig": said["array-config"].upper()}
        fields.append({"fieldPath": said["field-path"], **mode})
    last = fields[-1].get("order", "ASCENDING")
    fields.append({"fieldPath": "__name__", "order": last})
    if any(each["fields"] == fields and each["name"].startswith(f"{group}/") for each in state["indexes"]):
        _no("ALREADY_EXISTS: index already exists")
    name = f"{group}/indexes/i{len(state['indexes'])}"
    state["indexes"].append({"name": name, "queryScope": "COLLECTION", "fields": fields, "state": "CREATING"})


def _field(state: Json, words: list[str], flags: Flags) -> Json:
    name = f"{_database(state, flags)['name']}/collectionGroups/{flags.one('--collection-group')}/fields/{words[0]}"
    return state["fields"].setdefault(name, {"name": name, "indexConfig": {"usesAncestorConfig": True}})


def _fields_list(state: Json, _words: list[str], flags: Flags) -> Json:
    default = f"{_database(state, flags)['name']}/collectionGroups/__default__/fields/*"
    indexes = [{"queryScope": "COLLECTION", "fields": [{"fieldPath": "*", "order": "ASCENDING"}], "state": "READY"}]
    own = [each for each in state["fields"].values() if not each["indexConfig"].get("usesAncestorConfig")]
    return [{"name": default, "indexConfig": {"indexes": indexes}}, *own]


def _field_update(state: Json, words: list[str], flags: Flags) -> None:
    _field(state, words, flags)["indexConfig"] = {}


def _ttls_list(state: Json, _words: list[str], flags: Flags) -> Json:
    _database(state, flags)
    return [each for each in state["fields"].values() if "ttlConfig" in each]


def _ttl_update(state: Json, words: list[str], flags: Flags) -> None:
    field = _field(state, words, flags)
    if "--enable-ttl" in flags:
        field["ttlConfig"] = {"state": "CREATING"}
    else:
        field.pop("ttlConfig", None)


def _bucket(state: Json, url: str) -> Json:
    if url not in state["buckets"]:
        _no(f"{url} not found: 404.")
    return state["buckets"][url]


def _bucket_describe(state: Json, words: list[str], _flags: Flags) -> Json:
    settings = _bucket(state, words[0])
    return {name: value for name, value in settings.items() if name != "objects" and value is not None}


def _bucket_create(state: Json, words: list[str], flags: Flags) -> None:
    if words[0] in state["buckets"]:
        _no("HTTPError 409: Your previous request to create the named bucket succeeded and you already own it.")
    name = words[0].removeprefix("gs://")
    made = {"name": name, "location": flags.one("--location").upper(), "storage_url": f"{words[0]}/", "objects": 0}
    state["buckets"][words[0]] = made
    _bucket_update(state, words, flags)


def _bucket_update(state: Json, words: list[str], flags: Flags) -> None:
    bucket = _bucket(state, words[0])
    period = flags.one("--retention-period", "").removesuffix("s")
    settings: Mapping[str, tuple[str, Callable[[], Json]]] = {
        "--uniform-bucket-level-access": ("uniform_bucket_level_access", lambda: True),
        "--public-access-prevention": ("public_access_prevention", lambda: "enforced"),
        "--versioning": ("versioning_enabled", lambda: True),
        "--no-versioning": ("versioning_enabled", lambda: None),
        "--retention-period": ("retention_policy", lambda: {"retentionPeriod": period}),
        "--clear-retention-period": ("retention_policy", lambda: None),
        "--lifecycle-file": ("lifecycle_config", lambda: flags.file("--lifecycle-file")),
        "--clear-lifecycle": ("lifecycle_config", lambda: None),
    }
    for flag in flags:
        if flag in settings:
            name, value = settings[flag]
            bucket[name] = value()


def _bucket_delete(state: Json, words: list[str], _flags: Flags) -> None:
    if _bucket(state, words[0])["objects"]:
        _no("HTTPError 409: The bucket you tried to delete is not empty.")
    del state["buckets"][words[0]]


def _functions(state: Json, _words: list[str], _flags: Flags) -> Json:
    return list(state["functions"].values())


def _function_deploy(state: Json, words: list[str], flags: Flags) -> None:
    account = flags.one("--service-account")
    _account(state, account)
    parent = f"projects/{flags.one('--project')}/locations/{flags.one('--region')}"
    service = words[0].lower().replace("_", "-")
    if not (flags.folder / flags.one("--source") / "functions").is_dir():
        _no(f"the source {flags.one('--source')} has no functions")
    state["functions"][words[0]] = {
        "name": f"{parent}/functions/{words[0]}",
        "environment": "GEN_2",
        "state": "ACTIVE",
        "buildConfig": {
            "runtime": flags.one("--runtime"),
            "entryPoint": flags.one("--entry-point"),
            "environmentVariables": _variables(flags.one("--set-build-env-vars")),
        },
        "serviceConfig": {
            "service": f"{parent}/services/{service}",
            "serviceAccountEmail": account,
            "availableMemory": flags.one("--memory"),
            "availableCpu": flags.one("--cpu"),
            "maxInstanceRequestConcurrency": int(flags.one("--concurrency")),
            "maxInstanceCount": int(flags.one("--max-instances")),
            "timeoutSeconds": int(flags.one("--timeout").removesuffix("s")),
            "environmentVariables": {**_variables(flags.one("--set-env-vars")), "LOG_EXECUTION_ID": "true"},
        },
    }
    if "--allow-unauthenticated" in flags:
        state["policies"][service] = {"roles/run.invoker": ["allUsers"]}


def _variables(text: str) -> dict[str, str]:
    sign = ","
    if text.startswith("^"):
        sign, text = text[1], text[3:]
    return dict(pair.split("=", 1) for pair in text.split(sign))


def _function_delete(state: Json, words: list[str], _flags: Flags) -> None:
    if state["functions"].pop(words[0], None) is None:
        _no(f"NOT_FOUND: Resource functions/{words[0]} was not found")


def _metrics(state: Json, _words: list[str], _flags: Flags) -> Json:
    return list(state["metrics"].values())


def _metric_write(state: Json, words: list[str], flags: Flags) -> None:
    given = flags.file("--config-from-file")
    kind = f"logging.googleapis.com/user/{words[0]}"
    descriptor = {**given["metricDescriptor"], "type": kind, "unit": "1", "name": f"projects/p/{kind}"}
    state["metrics"][words[0]] = {**given, "name": words[0], "metricDescriptor": descriptor}


def _metric_delete(state: Json, words: list[str], _flags: Flags) -> None:
    del state["metrics"][words[0]]


def _alerts(state: Json, _words: list[str], _flags: Flags) -> Json:
    return state["alerts"]


def _alert_of(flags: Flags, *, name: str, channels: list[str]) -> dict[str, Any]:
    policy = flags.file("--policy-from-file")
    conditions = [{**each, "name": f"{name}/conditions/{n}"} for n, each in enumerate(policy["conditions"])]
    return {**policy, "name": name, "conditions": conditions, "notificationChannels": channels}


def _channels_of(state: Json, flags: Flags, flag: str) -> list[str]:
    given = [name for name in flags.one(flag, "").split(",") if name]
    known = {each["name"] for each in state["channels"]}
    if unknown := [name for name in given if name not in known]:
        _no(f"NOT_FOUND: notification channel {unknown}")
    return given


def _alert_create(state: Json, _words: list[str], flags: Flags) -> None:
    name = f"projects/{flags.one('--project')}/alertPolicies/{1000 + len(state['alerts'])}"
    channels = _channels_of(state, flags, "--notification-channels")
    state["alerts"].append(_alert_of(flags, name=name, channels=channels))


def _alert_update(state: Json, words: list[str], flags: Flags) -> None:
    channels = _channels_of(state, flags, "--set-notification-channels")
    at = [each["name"] for each in state["alerts"]].index(words[0])
    state["alerts"][at] = _alert_of(flags, name=words[0], channels=channels)


def _alert_delete(state: Json, words: list[str], _flags: Flags) -> None:
    state["alerts"] = [each for each in state["alerts"] if each["name"] != words[0]]


def _channels(state: Json, _words: list[str], _flags: Flags) -> Json:
    return state["channels"]


def _channel_create(state: Json, _words: list[str], flags: Flags) -> None:
    name = f"projects/{flags.one('--project')}/notificationChannels/{500 + len(state['channels'])}"
    state["channels"].append({"name": name, "type": "email", "labels": _variables(flags.one("--channel-labels"))})


def _channel_update(state: Json, words: list[str], flags: Flags) -> None:
    for each in state["channels"]:
        if each["name"] == words[0]:
            each["enabled"] = "--enabled" in flags


def _channel_delete(state: Json, words: list[str], _flags: Flags) -> None:
    if any(words[0] in each["notificationChannels"] for each in state["alerts"]):
        _no("FAILED_PRECONDITION: the channel is in use; --force deletes it all the same")
    state["channels"] = [each for each in state["channels"] if each["name"] != words[0]]


_COMMANDS: Mapping[str, Callable[[Json, list[str], Flags], Json]] = {
    "services list": _services_list,
    "services enable": _services_enable,
    "iam service-accounts list": lambda state, _words, _flags: state["accounts"],
    "iam service-accounts create": _account_create,
    "iam service-accounts update": _account_update,
    "iam service-accounts enable": _account_enable,
    "iam service-accounts delete": _account_delete,
    **{f"{group} get-iam-policy": _policy for group in ("projects", "iam service-accounts", "storage buckets")},
    **{f"{group} add-iam-policy-binding": _bind for group in ("projects", "iam service-accounts", "storage buckets")},
    **{
        f"{group} remove-iam-policy-binding": _unbind
        for group in ("projects", "iam service-accounts", "storage buckets")
    },
    "run services get-iam-policy": _policy,
    "firestore databases list": lambda state, _words, _flags: state["databases"],
    "firestore databases create": _database_create,
    "firestore databases update": _database_update,
    "firestore backups schedules list": _schedules,
    "firestore backups schedules create": _schedule_create,
    "firestore backups schedules update": _schedule_update,
    "firestore indexes composite list": _indexes,
    "firestore indexes composite create": _index_create,
    "firestore indexes fields list": _fields_list,
    "firestore indexes fields update": _field_update,
    "firestore fields ttls list": _ttls_list,
    "firestore fields ttls update": _ttl_update,
    "storage buckets describe": _bucket_describe,
    "storage buckets create": _bucket_create,
    "storage buckets update": _bucket_update,
    "storage buckets delete": _bucket_delete,
    "functions list": _functions,
    "functions deploy": _function_deploy,
    "functions delete": _function_delete,
    "logging metrics list": _metrics,
    "logging metrics create": _metric_write,
    "logging metrics update": _metric_write,
    "logging metrics delete": _metric_delete,
    "alpha monitoring policies list": _alerts,
    "alpha monitoring policies create": _alert_create,
    "alpha monitoring policies update": _alert_update,
    "alpha monitoring policies delete": _alert_delete,
    "beta monitoring channels list": _channels,
    "beta monitoring channels create": _channel_create,
    "beta monitoring channels update": _channel_update,
    "beta monitoring channels delete": _channel_delete,
}


_EXECUTABLE = """#!/bin/bash
# Hands its folder and arguments on to the test, and gives back what that answers.
exec 3<>/dev/tcp/127.0.0.1/{port}
printf '%s\\n' "$#" >&3
printf '%s\\0' "$PWD" "$@" >&3
IFS= read -r -d '' code <&3
IFS= read -r -d '' out <&3
IFS= read -r -d '' said <&3
printf '%s' "$out"
printf '%s' "$said" >&2
exit "$code"
"""


@contextmanager
def on_path(folder: Path, stand_in: StandIn) -> Iterator[None]:
    """Write an executable `gcloud` into a folder; while the block runs it is the stand-in."""

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            number = int(self.rfile.readline())
            words = [self._word() for _ in range(number + 1)]
            code, out, said = stand_in(["gcloud", *words[1:]], Path(words[0]))
            self.wfile.write(b"\0".join(each.encode() for each in (str(code), out, said)) + b"\0")

        def _word(self) -> str:
            return b"".join(iter(lambda: self.rfile.read(1), b"\0")).decode()

    with TCPServer(("127.0.0.1", 0), Handler) as server:
        gcloud = folder / "gcloud"
        gcloud.write_text(_EXECUTABLE.format(port=server.server_address[1]))
        gcloud.chmod(0o755)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield
        server.shutdown()
