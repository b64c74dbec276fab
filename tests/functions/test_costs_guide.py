"""The guide on costs says what is counted here: a sleeping tenant's night, and what stands there by its declaration."""

from benchmarks.costs import FREE_A_DAY, a_day, asleep
from benchmarks.nights import A_TRIGGER, TRIGGERS, times
from benchmarks.standing_costs import standing
from tests.functions.running_door import ROOT

GUIDE = (ROOT / "docs/guides/costs.md").read_text(encoding="utf-8")


def test_a_sleeping_tenant_takes_what_the_guide_says_and_a_thousand_stay_within_the_free_quota() -> None:
    ordinary, mean = asleep(10)
    assert (ordinary.runs.reads, ordinary.runs.writes) == (16 + 9, 4 + 1)
    assert (ordinary.verification.reads, ordinary.verification.writes) == (7, 1)
    assert (mean.reads, mean.writes) == (46, 6)
    assert "| billing run and three sweeps | 16 | 4 |\n| dunning run | 9 | 1 |\n" in GUIDE
    assert f"| **{mean.reads}** | **{mean.writes}** |" in GUIDE
    day = times(mean, 1_000) + times(A_TRIGGER, TRIGGERS)
    assert f"| 1,000 | {day.reads:,} | {day.writes:,} | 0.00 |" in GUIDE
    assert (day.reads < FREE_A_DAY["reads"], day.writes < FREE_A_DAY["writes"], a_day(day)) == (True, True, 0.0)


def test_what_stands_there_costs_what_the_guide_says() -> None:
    declared = standing()
    assert f"**${declared.backups:.2f} for each GiB of the database**, once there are {declared.backups_kept}" in GUIDE
    assert f"alerts, with {declared.references} references to metrics" in GUIDE
    assert f"of which there are {declared.points:,} | $0.00, later ${declared.alerts_later:.2f} |" in GUIDE
    assert f"a job | ${declared.jobs:.2f} |" in GUIDE
    assert declared.secrets == 0
