"""What is counted from the log, alerts and who hears them."""

from typing import Any

from tests.gcloud_stand_in.call import Commands, Flags, Json, no, variables


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


def _alert_of(policy: Json, *, name: str, channels: list[str]) -> dict[str, Any]:
    conditions = [{**each, "name": f"{name}/conditions/{n}"} for n, each in enumerate(policy["conditions"])]
    return {**policy, "name": name, "conditions": conditions, "notificationChannels": channels}


def _channels_of(state: Json, flags: Flags, flag: str) -> list[str]:
    given = [name for name in flags.one(flag, "").split(",") if name]
    known = {each["name"] for each in state["channels"]}
    if unknown := [name for name in given if name not in known]:
        no(f"NOT_FOUND: notification channel {unknown}")
    return given


def _alert_create(state: Json, _words: list[str], flags: Flags) -> None:
    name = f"projects/{flags.one('--project')}/alertPolicies/{1000 + len(state['alerts'])}"
    channels = _channels_of(state, flags, "--notification-channels")
    state["alerts"].append(_alert_of(flags.file("--policy-from-file"), name=name, channels=channels))


def _alert_update(state: Json, words: list[str], flags: Flags) -> None:
    """As gcloud: with a file nothing of what stands is kept, and channels are added to those in the file."""
    at = [each["name"] for each in state["alerts"]].index(words[0])
    policy = flags.file("--policy-from-file") if "--policy-from-file" in flags else state["alerts"][at]
    standing = policy.get("notificationChannels", [])
    added = _channels_of(state, flags, "--add-notification-channels")
    channels = [*standing, *(each for each in added if each not in standing)]
    state["alerts"][at] = _alert_of(policy, name=words[0], channels=channels)


def _alert_delete(state: Json, words: list[str], _flags: Flags) -> None:
    state["alerts"] = [each for each in state["alerts"] if each["name"] != words[0]]


def _channels(state: Json, _words: list[str], _flags: Flags) -> Json:
    return state["channels"]


def _channel_create(state: Json, _words: list[str], flags: Flags) -> None:
    name = f"projects/{flags.one('--project')}/notificationChannels/{500 + len(state['channels'])}"
    state["channels"].append({"name": name, "type": "email", "labels": variables(flags.one("--channel-labels"))})


def _channel_update(state: Json, words: list[str], flags: Flags) -> None:
    for each in state["channels"]:
        if each["name"] == words[0]:
            each["enabled"] = "--enabled" in flags


def _channel_delete(state: Json, words: list[str], _flags: Flags) -> None:
    if any(words[0] in each["notificationChannels"] for each in state["alerts"]):
        no("FAILED_PRECONDITION: the channel is in use; --force deletes it all the same")
    state["channels"] = [each for each in state["channels"] if each["name"] != words[0]]


COMMANDS: Commands = {
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
