"""Which regions each service has: Cloud Tasks and Cloud Scheduler fewer than the others."""

from collections.abc import Callable

from tests.gcloud_stand_in.call import Commands, Flags, Json
from tests.google_project.call import LOCATIONS

_MORE = (*LOCATIONS, "europe-west4", "us-east1")


def _list(*regions: str, start: str = "projects/acme-billing/locations/") -> Callable[..., Json]:
    def listed(_state: Json, _words: list[str], _flags: Flags) -> Json:
        return [{"name": f"{start}{each}"} for each in regions]

    return listed


def _tasks(state: Json, words: list[str], flags: Flags) -> Json:
    return [] if "tasks" in state.get("unlisted", []) else _list(*LOCATIONS)(state, words, flags)


COMMANDS: Commands = {
    "firestore locations list": _list(*_MORE, "eur3", "nam5"),
    "functions regions list": _list(*_MORE),
    "run regions list": _list(*_MORE),
    "artifacts locations list": _list(*_MORE, start=""),
    "tasks locations list": _tasks,
    "scheduler locations list": _list(*LOCATIONS),
}
