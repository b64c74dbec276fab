"""Buckets of Cloud Storage."""

from collections.abc import Callable, Mapping

from tests.gcloud_stand_in.call import Commands, Flags, Json, no


def bucket_of(state: Json, url: str) -> Json:
    if url not in state["buckets"]:
        no(f"{url} not found: 404.")
    return state["buckets"][url]


def _bucket_describe(state: Json, words: list[str], _flags: Flags) -> Json:
    settings = bucket_of(state, words[0])
    return {name: value for name, value in settings.items() if name != "objects" and value is not None}


def _bucket_create(state: Json, words: list[str], flags: Flags) -> None:
    if words[0] in state["buckets"]:
        no("HTTPError 409: Your previous request to create the named bucket succeeded and you already own it.")
    name = words[0].removeprefix("gs://")
    made = {"name": name, "location": flags.one("--location").upper(), "storage_url": f"{words[0]}/", "objects": 0}
    state["buckets"][words[0]] = made
    _bucket_update(state, words, flags)


def _bucket_update(state: Json, words: list[str], flags: Flags) -> None:
    bucket = bucket_of(state, words[0])
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
    if bucket_of(state, words[0])["objects"]:
        no("HTTPError 409: The bucket you tried to delete is not empty.")
    del state["buckets"][words[0]]


COMMANDS: Commands = {
    "storage buckets describe": _bucket_describe,
    "storage buckets create": _bucket_create,
    "storage buckets update": _bucket_update,
    "storage buckets delete": _bucket_delete,
}
