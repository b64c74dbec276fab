"""The buckets of Cloud Storage (https://cloud.google.com/storage/docs/json_api/v1/buckets)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.cloud import Cloud
from infra.declaration import Bucket, Declaration, LifecycleRule
from infra.keeping import left_longer
from infra.resource import UNASKED, Allowed, Command, Difference, Resource, Settings, always, gcloud

_DAY = 86_400
_FILE = "lifecycle.json"


def buckets(declaration: Declaration, allowed: Allowed) -> Iterator[Resource]:
    """Each one, closed to the public, with access by roles alone."""
    yield from (_of(bucket, allowed) for bucket in declaration.buckets.values())


def _of(bucket: Bucket, allowed: Allowed) -> Resource:
    target = f"gs://{bucket.name}"

    def live(cloud: Cloud) -> Settings | None:
        found = cloud.gcloud.read("storage", "buckets", "describe", target)
        return None if found is None else _settings(found)

    return Resource(
        kind="bucket",
        name=bucket.name,
        api="storage.googleapis.com",
        wanted={
            "location": bucket.location.upper(),
            "uniform_access": True,
            "public_access": "enforced",
            "versioning": bucket.versioning,
            "retention_seconds": bucket.retention,
            "lifecycle": [_rule(rule) for rule in bucket.lifecycle],
        },
        live=live,
        create=tuple(_create(bucket, target)),
        update=lambda differences, _live: tuple(_update(differences, bucket, target)),
        delete=always(gcloud("storage", "buckets", "delete", target)),
        left=lambda live: _left(bucket, live, allowed),
        kept="it has objects, or is still to keep them: whoever means to lose them deletes them by hand",
        fixed={"location": "a bucket never moves: name another one (--set bucket=, export_bucket=) and copy"},
    )


def _settings(found: Mapping[str, Any]) -> Settings:
    retention = found.get("retention_policy") or {}
    lifecycle = found.get("lifecycle_config") or {}
    return {
        "location": found["location"],
        "uniform_access": bool(found.get("uniform_bucket_level_access")),
        "public_access": found.get("public_access_prevention"),
        "versioning": bool(found.get("versioning_enabled")),
        "retention_seconds": int(retention["retentionPeriod"]) if retention else None,
        "retention_locked": bool(retention.get("isLocked")),
        "lifecycle": lifecycle.get("rule", []),
    }


def _left(bucket: Bucket, live: Settings, allowed: Allowed) -> Mapping[str, str]:
    """What keeps objects for longer than declared stays: what was deleted too soon never comes back."""
    locked = bool(live["retention_locked"])
    left = dict(left_longer(live, "retention_seconds", bucket.retention, UNASKED if locked else allowed))
    if left and locked:
        left["retention_seconds"] = "it is locked: nobody can shorten it or take it off"
    if left and bucket.versioning:
        left["versioning"] = "Cloud Storage keeps no versions where there is a retention"
    if not allowed.shorten and _deletes_sooner(bucket, live["lifecycle"]):
        left["lifecycle"] = "objects would be deleted sooner than now, and it stays so; --shorten makes it as declared"
    return left


def _deletes_sooner(bucket: Bucket, live: object) -> bool:
    """Whether a declared rule deletes what no live one deletes as soon; where none is live, none was thought of yet."""
    now = live if isinstance(live, list) else []
    return bool(now) and any(
        not any(_as_soon(each, rule) for each in now)
        for rule in map(_rule, bucket.lifecycle)
        if rule["action"] == {"type": "Delete"}
    )


def _as_soon(live: Mapping[str, Any], rule: Mapping[str, Any]) -> bool:
    """Whether the live rule deletes all that the other does, by the same condition alone, and no later."""
    [(name, days)] = rule["condition"].items()
    condition = live["condition"]
    return bool(live["action"] == rule["action"] and condition.keys() == {name} and condition[name] <= days)


def _rule(rule: LifecycleRule) -> dict[str, object]:
    if rule.delete_after is not None:
        return {"action": {"type": "Delete"}, "condition": {"age": rule.delete_after // _DAY}}
    if rule.delete_replaced_after is not None:
        days = rule.delete_replaced_after // _DAY
        return {"action": {"type": "Delete"}, "condition": {"daysSinceNoncurrentTime": days}}
    days = (rule.abort_uploads_after or 0) // _DAY
    return {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": days}}


def _file(bucket: Bucket) -> tuple[str, str]:
    return _FILE, json.dumps({"rule": [_rule(rule) for rule in bucket.lifecycle]})


def _create(bucket: Bucket, target: str) -> Iterator[Command]:
    flags = ["--uniform-bucket-level-access", "--public-access-prevention"]
    if bucket.retention is not None:
        flags.append(f"--retention-period={bucket.retention}s")
    yield gcloud("storage", "buckets", "create", target, f"--location={bucket.location}", *flags)
    if bucket.versioning:
        yield gcloud("storage", "buckets", "update", target, "--versioning")
    if bucket.lifecycle:
        yield gcloud("storage", "buckets", "update", target, f"--lifecycle-file={_FILE}", file=_file(bucket))


def _update(differences: Sequence[Difference], bucket: Bucket, target: str) -> Iterator[Command]:
    for each in differences:
        match each.field:
            case "uniform_access":
                flag = "--uniform-bucket-level-access"
            case "public_access":
                flag = "--public-access-prevention"
            case "versioning":
                flag = "--versioning" if bucket.versioning else "--no-versioning"
            case "retention_seconds" if bucket.retention is not None:
                flag = f"--retention-period={bucket.retention}s"
            case "retention_seconds":
                flag = "--clear-retention-period"
            case _ if bucket.lifecycle:
                yield gcloud("storage", "buckets", "update", target, f"--lifecycle-file={_FILE}", file=_file(bucket))
                continue
            case _:
                flag = "--clear-lifecycle"
        yield gcloud("storage", "buckets", "update", target, flag)
