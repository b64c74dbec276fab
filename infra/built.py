"""That what queries need is built: functions come after this."""

from collections.abc import Mapping

from infra.cloud import Cloud
from infra.errors import Refused
from infra.fields import field_states
from infra.indexes import BROKEN, FIRESTORE, KEPT, READY, index_states
from infra.resource import Call, Resource, Settings, always

_PAUSE_SECONDS, _MOST_WAITS = 10.0, 360


def all_built(*, database: str) -> Resource:
    """That each index is ready, of several fields or of one whose exemption was taken back: a query fails else."""
    place = f"--database={database}"

    def live(cloud: Cloud) -> Settings | None:
        if not any(index_states(cloud, place).values()):
            return None
        return {"state": "CREATING" if _waiting(cloud, place) else READY}

    wait = Call("Firestore: wait until all indexes are built, for an hour at most", lambda cloud: _wait(cloud, place))
    return Resource(
        kind="Firestore indexes",
        name="all built",
        api=FIRESTORE,
        wanted={"state": READY},
        live=live,
        create=(wait,),
        update=always(wait),
        kept=KEPT,
    )


def _wait(cloud: Cloud, place: str) -> None:
    """Until each is ready. Raises Refused where one can't be built, or after an hour."""
    asked, waits = "Firestore: wait for the indexes", 0
    cloud.gcloud.forget()
    while waiting := _waiting(cloud, place):
        if failed := [title for title, state in waiting.items() if state == BROKEN]:
            remedy = "the same command deletes it and builds it again"
            raise Refused(asked, said=f"could not be built: {'; '.join(failed)}", remedy=remedy)
        if waits == _MOST_WAITS:
            remedy = f"gcloud firestore operations list {place} says how far they are; the same command waits on"
            raise Refused(asked, said=f"still being built: {'; '.join(waiting)}", remedy=remedy)
        cloud.pause(_PAUSE_SECONDS)
        cloud.gcloud.forget()
        waits += 1


def _waiting(cloud: Cloud, place: str) -> Mapping[str, str]:
    """Those that no query can use yet, and the state of each."""
    states = {**index_states(cloud, place), **field_states(cloud, place)}
    return {title: state for title, state in states.items() if state != READY}
