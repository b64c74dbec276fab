"""The Firestore database with its backups, indexes, exemptions, expiry and rules. `destroy` leaves all of it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.cloud import Cloud
from infra.declaration import Declaration
from infra.durations import EXPECTED
from infra.errors import InvalidDeclaration
from infra.fields import fields
from infra.gcloud import ROOT
from infra.indexes import FIRESTORE, KEPT, indexes, last_of
from infra.keeping import left_longer
from infra.resource import Allowed, Call, Difference, Late, Resource, Settings, Step, always, gcloud

_DAY = 86_400
_RECOVERY = "point_in_time_recovery"


def database(declaration: Declaration, allowed: Allowed) -> Iterator[Resource]:
    """The database first, then what is in it."""
    yield _database(declaration, allowed)
    yield _backups(declaration, allowed)
    yield _rules(declaration)
    yield from indexes(database=declaration.firestore.database, allowed=allowed)
    yield from fields(declaration, allowed)


def _database(declaration: Declaration, allowed: Allowed) -> Resource:
    wanted = declaration.firestore
    place = f"--database={wanted.database}"

    def live(cloud: Cloud) -> Settings | None:
        found = cloud.gcloud.read("firestore", "databases", "list") or []
        return next((_settings(each) for each in found if each["name"].endswith(f"/{wanted.database}")), None)

    def update(differences: Sequence[Difference], live: Settings) -> Sequence[Step]:
        """Both at once; a recovery that is left stays as it is."""
        keeps = live[_RECOVERY] and _RECOVERY not in [each.field for each in differences]
        return [gcloud("firestore", "databases", "update", place, "--enable-pitr" if keeps else recovers, protected)]

    protected = "--delete-protection" if wanted.delete_protection else "--no-delete-protection"
    recovers = "--enable-pitr" if wanted.point_in_time_recovery else "--no-enable-pitr"
    return Resource(
        kind="Firestore database",
        name=wanted.database,
        api=FIRESTORE,
        wanted={
            "type": "FIRESTORE_NATIVE",
            "location": wanted.location,
            _RECOVERY: wanted.point_in_time_recovery,
            "delete_protection": wanted.delete_protection,
        },
        live=live,
        create=(
            gcloud(
                *("firestore", "databases", "create", place, "--type=firestore-native"),
                *(f"--location={wanted.location}", recovers, protected),
            ),
        ),
        update=update,
        left=lambda live: left_longer(live, _RECOVERY, wanted.point_in_time_recovery, allowed),
        kept=KEPT,
        fixed={
            "type": "the project has a database in Datastore mode under this name: take another project",
            "location": "a database never moves: set region to where it is, or take another project",
        },
    )


def _settings(found: Mapping[str, Any]) -> Settings:
    return {
        "type": found["type"],
        "location": found["locationId"],
        _RECOVERY: found.get("pointInTimeRecoveryEnablement") == "POINT_IN_TIME_RECOVERY_ENABLED",
        "delete_protection": found.get("deleteProtectionState") == "DELETE_PROTECTION_ENABLED",
    }


def _backups(declaration: Declaration, allowed: Allowed) -> Resource:
    place = f"--database={declaration.firestore.database}"
    kept = declaration.firestore.daily_backups_kept
    if kept % _DAY:
        msg = f"firestore.daily_backups_kept: expected whole days, {EXPECTED}"
        raise InvalidDeclaration([msg])

    schedules, retention = ("firestore", "backups", "schedules"), f"--retention={kept // _DAY}d"

    def schedule(cloud: Cloud) -> Mapping[str, Any] | None:
        found = cloud.gcloud.read(*schedules, "list", place) or []
        return next((each for each in found if "dailyRecurrence" in each), None)

    def live(cloud: Cloud) -> Settings | None:
        found = schedule(cloud)
        return None if found is None else {"kept_days": int(found["retention"].removesuffix("s")) // _DAY}

    daily = Late(
        "--backup-schedule=SCHEDULE(daily)",
        lambda cloud: f"--backup-schedule={last_of(schedule(cloud))}",
    )
    return Resource(
        kind="Firestore backups",
        name="daily",
        api=FIRESTORE,
        wanted={"kept_days": kept // _DAY},
        live=live,
        create=(gcloud(*schedules, "create", place, "--recurrence=daily", retention),),
        update=always(gcloud(*schedules, "update", place, daily, retention)),
        left=lambda live: left_longer(live, "kept_days", kept // _DAY, allowed),
        kept=KEPT,
    )


def _rules(declaration: Declaration) -> Resource:
    name = declaration.firestore.database
    try:
        text = (ROOT / Path(declaration.firestore.rules)).read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidDeclaration([f"firestore.rules: {declaration.firestore.rules}: {error.strerror}"]) from error

    def live(cloud: Cloud) -> Settings | None:
        released = cloud.rules.released(name)
        return None if released is None else {"text": released}

    release = Call(
        f"Firebase Rules: release {declaration.firestore.rules}", lambda cloud: cloud.rules.release(name, text)
    )
    return Resource(
        kind="Firestore rules",
        name=name,
        api="firebaserules.googleapis.com",
        wanted={"text": text},
        live=live,
        create=(release,),
        update=always(release),
        kept=KEPT,
    )
