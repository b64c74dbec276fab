"""What a change made of a subscription, in words for the audit log: each part that differs, before and after."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from billing.domain.figures import plain
from billing.domain.kept_anchor import with_anchors
from billing.domain.subscription import Phase, Subscription


def life_in_words(before: Subscription, after: Subscription) -> tuple[str, str]:
    """The parts of both that differ: plans, add-ons, end, pauses; instants are UTC. "" for a part without content."""
    one, other = _parts(before), _parts(after)
    differing = [name for name in one if one[name] != other[name]]
    return _joined(one, differing), _joined(other, differing)


def _joined(parts: Mapping[str, str], names: list[str]) -> str:
    return "; ".join(f"{name}: {parts[name] or 'none'}" for name in names)


def _parts(subscription: Subscription) -> dict[str, str]:
    end = "" if subscription.end is None else f"{_at(subscription.end)}, unused time: {subscription.unused.value}"
    return {
        "plans": ", ".join(_plans(subscription.phases)),
        "add-ons": ", ".join(
            f"{plain(item.quantity)} x {item.charge_id} {_stretch(item.start, item.end)}" for item in subscription.items
        ),
        "end": end,
        "pauses": ", ".join(_stretch(pause.start, pause.end) for pause in subscription.pauses),
    }


def _plans(phases: Sequence[Phase]) -> Iterator[str]:
    for phase, is_anchor_kept in with_anchors(phases):
        yield f"{phase.plan} from {_at(phase.start)}" + (" with the anchor kept" if is_anchor_kept else "")


def _stretch(start: datetime, end: datetime | None) -> str:
    return f"from {_at(start)}" + ("" if end is None else f" to {_at(end)}")


def _at(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
