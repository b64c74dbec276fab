"""What stands there costs whether anything is billed or not, worked out from infra/billing.yaml and list prices."""

import re
from dataclasses import dataclass
from pathlib import Path

from infra.loading import load

_FILE = Path(__file__).parents[1] / "infra/billing.yaml"
_MONTH = 30 * 24 * 3600

JOB, FREE_JOBS = 0.10, 3
SECRET_VERSION, FREE_SECRET_VERSIONS = 0.06, 6
METRIC_REFERENCE, MILLION_POINTS = 0.35, 0.50
"""From September 2027 at the earliest, without anything free; until then alerts cost nothing
(https://cloud.google.com/stackdriver/pricing)."""

BACKUP_GIB = 0.03
"""A month, of each backup: each is a whole copy (https://firebase.google.com/docs/firestore/backups#costs)."""

_METRIC = re.compile(r"\w+_googleapis_com:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """US dollars a month after what is free; `backups` for each GiB of the database, once as many are kept as declared.

    `alerts_later` is from the day on which alerts cost something: so many `references` to metrics, so many `points`.
    """

    jobs: float
    secrets: float
    references: int
    points: int
    backups: float
    backups_kept: int

    @property
    def alerts_later(self) -> float:
        """A month of alerts."""
        return self.references * METRIC_REFERENCE + self.points * MILLION_POINTS / 1e6


def standing() -> Standing:
    """What is declared, of a project with nothing else in it."""
    declared = load(_FILE, {"project": "acme-billing"})
    references = [len(_METRIC.findall(alert.query)) for alert in declared.alerts.values()]
    every = [alert.every for alert in declared.alerts.values()]
    kept = declared.firestore.daily_backups_kept // 86_400
    return Standing(
        jobs=max(0, len(declared.jobs) - FREE_JOBS) * JOB,
        secrets=max(0, len(declared.secrets) - FREE_SECRET_VERSIONS) * SECRET_VERSION,
        references=sum(references),
        points=sum(number * _MONTH // seconds for number, seconds in zip(references, every, strict=True)),
        backups=kept * BACKUP_GIB,
        backups_kept=kept,
    )


def standing_lines(declared: Standing) -> list[str]:
    """The same as sentences."""
    return [
        f"jobs ${declared.jobs:.2f}, secrets ${declared.secrets:.2f} a month",
        f"alerts $0.00; from 2027-09 at the earliest ${declared.alerts_later:.2f}",
        f"({declared.references} metrics referred to, {declared.points:,} points a month)",
        f"backups: {declared.backups_kept} are kept, ${declared.backups:.2f} a month for each GiB of the database",
    ]
