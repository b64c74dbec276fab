"""Firestore's databases, backups, indexes and fields."""

import re

from tests.gcloud_stand_in.call import Commands, Flags, Json, no


def _database(state: Json, flags: Flags) -> Json:
    name = f"projects/{flags.one('--project')}/databases/{flags.one('--database')}"
    found = next((each for each in state["databases"] if each["name"] == name), None)
    if found is None:
        no(f"NOT_FOUND: The database {flags.one('--database')} does not exist")
    return found


def _database_create(state: Json, _words: list[str], flags: Flags) -> None:
    if not re.fullmatch("[a-z]+-[a-z]+[0-9]|eur3|nam5", flags.one("--location")):
        no(f"INVALID_ARGUMENT: Invalid locationId: {flags.one('--location')} is not a valid location")
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
    """Each listing finds an index that is being built a little further."""
    _database(state, flags)
    for each in state["indexes"]:
        if each["state"] == "CREATING":
            left = state["building"].get(each["name"], 0)
            state["building"][each["name"]] = left - 1
            each["state"] = "CREATING" if left > 0 else "READY"
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
    same = {"queryScope": "COLLECTION", "fields": fields}
    if any({**each, **same} == each and each["name"].startswith(f"{group}/") for each in state["indexes"]):
        no("ALREADY_EXISTS: index already exists")
    number = 1 + max((int(each["name"].rpartition("/i")[2]) for each in state["indexes"]), default=0)
    name = f"{group}/indexes/i{number}"
    state["indexes"].append({"name": name, "queryScope": "COLLECTION", "fields": fields, "state": "CREATING"})
    state["building"][name] = state["listings_until_built"]


def _index_delete(state: Json, words: list[str], flags: Flags) -> None:
    _database(state, flags)
    standing = [each for each in state["indexes"] if not each["name"].endswith(f"/indexes/{words[0]}")]
    if standing == state["indexes"]:
        no(f"NOT_FOUND: index {words[0]}")
    state["indexes"] = standing


def _field(state: Json, words: list[str], flags: Flags) -> Json:
    name = f"{_database(state, flags)['name']}/collectionGroups/{flags.one('--collection-group')}/fields/{words[0]}"
    return state["fields"].setdefault(name, {"name": name, "indexConfig": {"usesAncestorConfig": True}})


def _fields_list(state: Json, _words: list[str], flags: Flags) -> Json:
    """Each listing finds an exemption that is being taken back a little further."""
    for name, each in state["fields"].items():
        if each["indexConfig"].get("reverting"):
            left = state["building"].get(name, 0)
            state["building"][name] = left - 1
            each["indexConfig"] = {"reverting": True} if left > 0 else {"usesAncestorConfig": True}
    default = f"{_database(state, flags)['name']}/collectionGroups/__default__/fields/*"
    indexes = [{"queryScope": "COLLECTION", "fields": [{"fieldPath": "*", "order": "ASCENDING"}], "state": "READY"}]
    own = [each for each in state["fields"].values() if not each["indexConfig"].get("usesAncestorConfig")]
    return [{"name": default, "indexConfig": {"indexes": indexes}}, *own]


def _field_update(state: Json, words: list[str], flags: Flags) -> None:
    field, reverts = _field(state, words, flags), "--clear-exemption" in flags
    field["indexConfig"] = {"reverting": True} if reverts else {}
    state["building"][field["name"]] = state["listings_until_built"]


def _ttls_list(state: Json, _words: list[str], flags: Flags) -> Json:
    _database(state, flags)
    return [each for each in state["fields"].values() if "ttlConfig" in each]


def _ttl_update(state: Json, words: list[str], flags: Flags) -> None:
    field = _field(state, words, flags)
    if "--enable-ttl" in flags:
        field["ttlConfig"] = {"state": "CREATING"}
    else:
        field.pop("ttlConfig", None)


COMMANDS: Commands = {
    "firestore databases list": lambda state, _words, _flags: state["databases"],
    "firestore databases create": _database_create,
    "firestore databases update": _database_update,
    "firestore backups schedules list": _schedules,
    "firestore backups schedules create": _schedule_create,
    "firestore backups schedules update": _schedule_update,
    "firestore indexes composite list": _indexes,
    "firestore indexes composite create": _index_create,
    "firestore indexes composite delete": _index_delete,
    "firestore indexes fields list": _fields_list,
    "firestore indexes fields update": _field_update,
    "firestore fields ttls list": _ttls_list,
    "firestore fields ttls update": _ttl_update,
}
