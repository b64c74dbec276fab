"""What is counted from the log, what rings the bell, and who hears it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.cloud import Cloud
from infra.declaration import Alert, Declaration, Metric
from infra.resource import Difference, Late, Resource, Settings, Step, always, gcloud, pick

MONITORING = "monitoring.googleapis.com"
_POLICIES = ("alpha", "monitoring", "policies")
_FILE = "policy.json"
_WHOLE = "as it is live"
"""A setting that is never declared: all of them."""

_SERVICES_OWN = ("name", "creationRecord", "mutationRecord", "validity")
_LABEL = "billing_alert"
"""The user label that an alert is found again by: its id is given by the service."""


def metrics(declaration: Declaration) -> Iterator[Resource]:
    """The counts (https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics)."""
    for name, metric in declaration.metrics.items():
        yield _counted(name, _metric(metric))


def _counted(name: str, wanted: Mapping[str, Any]) -> Resource:
    def live(cloud: Cloud) -> Settings | None:
        found = cloud.gcloud.read("logging", "metrics", "list") or []
        return next((_labelled(each, wanted) for each in found if each["name"] == name), None)

    file = ("metric.json", json.dumps(wanted))
    config = f"--config-from-file={file[0]}"
    return Resource(
        kind="metric",
        name=name,
        api="logging.googleapis.com",
        wanted=wanted,
        live=live,
        create=(gcloud("logging", "metrics", "create", name, config, file=file),),
        update=always(gcloud("logging", "metrics", "update", name, config, file=file)),
        delete=always(gcloud("logging", "metrics", "delete", name)),
    )


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        "description": metric.title,
        "filter": metric.filter,
        "disabled": False,
        "labelExtractors": dict(metric.labels),
        "metricDescriptor": {
            "metricKind": "DELTA",
            "valueType": "INT64",
            "labels": [{"key": key} for key in metric.labels],
        },
    }


def _labelled(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> Settings:
    """The service leaves out what is empty, and adds its own."""
    descriptor = found.get("metricDescriptor", {})
    return {
        "description": found.get("description"),
        "filter": found.get("filter"),
        "disabled": found.get("disabled", False),
        "labelExtractors": found.get("labelExtractors", {}),
        "metricDescriptor": pick({**descriptor, "labels": descriptor.get("labels", [])}, wanted["metricDescriptor"]),
    }


def channels(declaration: Declaration) -> Iterator[Resource]:
    """The address that alerts go to, if one is named."""
    address = declaration.variables.alerts_to
    if not address:
        return
    yield Resource(
        kind="notification channel",
        name=address,
        api=MONITORING,
        wanted={"enabled": True},
        live=lambda cloud: None if (found := _channel(cloud, address)) is None else _enabled(found),
        create=(
            gcloud(
                *("beta", "monitoring", "channels", "create", "--type=email", "--display-name=billing"),
                f"--channel-labels=email_address={address}",
            ),
        ),
        update=always(gcloud("beta", "monitoring", "channels", "update", _channel_name(address), "--enabled")),
        delete=always(gcloud("beta", "monitoring", "channels", "delete", _channel_name(address))),
        kept="another alert tells it",
    )


def alerts(declaration: Declaration) -> Iterator[Resource]:
    """The alerts (https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies)."""
    for name, alert in declaration.alerts.items():
        yield _rings(name, _policy(name, alert), address=declaration.variables.alerts_to)


def _rings(name: str, policy: Mapping[str, Any], *, address: str) -> Resource:
    def live(cloud: Cloud) -> Settings | None:
        found = _alert(cloud, name)
        if found is None:
            return None
        told = {"tells": [address]} if address in _addresses(cloud, found) else {}
        return {**_picked(found, policy), **told, _WHOLE: found}

    def update(differences: Sequence[Difference], live: Settings) -> Step:
        heard = [_heard("--add-notification-channels", address) for each in differences if each.field == "tells"]
        if len(heard) == len(differences):
            return gcloud(*_POLICIES, "update", found, *heard)
        file = (_FILE, json.dumps(_merged(live[_WHOLE], policy)))
        return gcloud(*_POLICIES, "update", found, f"--policy-from-file={_FILE}", *heard, file=file)

    file = (_FILE, json.dumps(policy))
    found = Late(f"ALERT({name})", lambda cloud: str((_alert(cloud, name) or {}).get("name", "")))
    heard = (_heard("--notification-channels", address),) if address else ()
    return Resource(
        kind="alert",
        name=name,
        api=MONITORING,
        wanted={**policy, **({"tells": [address]} if address else {})},
        live=live,
        create=(gcloud(*_POLICIES, "create", f"--policy-from-file={_FILE}", *heard, file=file),),
        update=lambda differences, live: (update(differences, live),),
        delete=always(gcloud(*_POLICIES, "delete", found)),
    )


def _policy(name: str, alert: Alert) -> dict[str, Any]:
    condition = {
        "query": alert.query,
        "duration": f"{alert.lasting or 0}s",
        "evaluationInterval": f"{alert.every}s",
        "disableMetricValidation": True,  # a metric appears with its first line in the log
    }
    return {
        "displayName": f"billing: {alert.title}",
        "userLabels": {_LABEL: name},
        "combiner": "OR",
        "enabled": True,
        "documentation": {"content": alert.advice, "mimeType": "text/markdown"},
        "conditions": [{"displayName": alert.title, "conditionPrometheusQueryLanguage": condition}],
    }


def _merged(found: Any, policy: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ANN401 - JSON
    """The policy with all that is live and not declared, such as who else hears it: gcloud replaces it whole."""
    kept = {name: value for name, value in found.items() if name not in _SERVICES_OWN}
    return {**kept, **policy, "userLabels": {**found.get("userLabels", {}), **policy["userLabels"]}}


def _picked(found: Mapping[str, Any], policy: Mapping[str, Any]) -> dict[str, object]:
    picked = {name: pick(found.get(name), wanted) for name, wanted in policy.items()}
    return {**picked, "enabled": found.get("enabled", True)}


def _alert(cloud: Cloud, name: str) -> Mapping[str, Any] | None:
    found = cloud.gcloud.read("alpha", "monitoring", "policies", "list") or []
    return next((each for each in found if each.get("userLabels", {}).get(_LABEL) == name), None)


def _channel(cloud: Cloud, address: str) -> Mapping[str, Any] | None:
    found = cloud.gcloud.read("beta", "monitoring", "channels", "list", "--type=email") or []
    return next((each for each in found if each.get("labels", {}).get("email_address") == address), None)


def _enabled(channel: Mapping[str, Any]) -> Settings:
    return {"enabled": channel.get("enabled", True)}


def _channel_name(address: str) -> Late:
    return Late(f"CHANNEL_OF({address})", lambda cloud: str((_channel(cloud, address) or {}).get("name", "")))


def _heard(flag: str, address: str) -> Late:
    channel = _channel_name(address)
    return Late(f"{flag}={channel.shown}", lambda cloud: f"{flag}={channel.value(cloud)}")


def _addresses(cloud: Cloud, alert: Mapping[str, Any]) -> list[str]:
    """The e-mail addresses behind the channels that an alert names; of another kind the channel's name."""
    found = cloud.gcloud.read("beta", "monitoring", "channels", "list", "--type=email") or []
    known = {each["name"]: each.get("labels", {}).get("email_address", each["name"]) for each in found}
    return sorted(known.get(name, name) for name in alert.get("notificationChannels", []))
