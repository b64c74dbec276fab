"""Deploy what `python -m infra.deploy` wrote: every function, then a call of each, and all back where one fails.

It needs Python and gcloud and nothing else, so that it runs in the image of gcloud:

    python3 infra/deploy/release.py build/release.json
"""

import http.client
import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[2]

PROTECTED = "/api/internal/cron/billing"
"""The proxy's path for our own parts; the other functions answer on every path."""

DEADLINE_SECONDS = 1800
ROLL_BACK_SECONDS = 240
"""Of all deploys and calls, and of the way back: together less than the timeout of the build's step."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class ReleaseFailed(Exception):
    """A function could not be deployed, or does not answer as it should."""


class CommandFailed(ReleaseFailed):
    """A command of gcloud's failed, and has said why itself; or it answers what is no answer."""

    def __init__(self, command: Sequence[str], why: str) -> None:
        super().__init__(f"{' '.join(command)}: {why}")


class WrongAnswer(ReleaseFailed):
    """A function answers, but not as it should."""

    def __init__(self, what: str, *, expected: object, came: object) -> None:
        super().__init__(f"{what}: expected {expected}, came {came}")


class NotAsApplied(ReleaseFailed):
    """What would be deployed is told something else than what `infra apply` made the rest with."""

    def __init__(self, flaws: Sequence[str]) -> None:
        listed = "".join(f"\n  {flaw}" for flaw in flaws)
        super().__init__(
            f"nothing was deployed, as this differs from what is live:{listed}\n"
            "Tell this release what `python -m infra apply` was told (docs/guides/deploy.md), or apply first"
        )


class Stopped(ReleaseFailed):
    """Somebody, or the end of a build, stopped the release."""


@dataclass(frozen=True)
class Live:
    """What serves a function: its Cloud Run service, the shares of its revisions in per cent, and its variables."""

    service: str
    revisions: Mapping[str, int]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Release:
    """Functions of one project and region.

    `plan` has for each its `name`, `flags`, `environment`, `audience` and `caller`.

    An answer may be wrong for `patience` seconds: a new function's address takes a while to let everybody in. At
    `until`, on the monotonic clock, everything has to be deployed and called.
    """

    project: str
    region: str
    plan: Sequence[Mapping[str, Any]]
    patience: float
    until: float

    def run(self) -> None:
        """Deploy and call all, or raise with everything back at what served before, whatever went wrong."""
        before = self._live()
        deploys = ThreadPoolExecutor()
        try:
            urls = list(deploys.map(self._deploy, self.plan))
            for each, url in zip(self.plan, urls, strict=True):
                self._smoke(each, url=url)
        except BaseException as failure:
            _ignore_signals()
            print(f"goes back, after the deploys that are under way: {failure}", file=sys.stderr, flush=True)
            # Each takes all traffic at its end, so that one left behind would undo the way back.
            deploys.shutdown(cancel_futures=True)
            self._roll_back(before)
            raise

    def _live(self) -> "dict[str, Live]":
        """What serves each function of the plan that has a revision. Raises NotAsApplied."""
        listed = self._gcloud_json("functions", "list", "--v2")
        described = self._gcloud_json("run", "services", "list", f"--region={self.region}")
        try:
            places = {(each["name"].split("/")[3], each["name"].split("/")[5]): _service(each) for each in listed}
            serving = {each["metadata"]["name"]: _serving(each) for each in described}
        except (AttributeError, IndexError, KeyError, TypeError) as error:
            raise CommandFailed(
                ["gcloud", "list"], f"not as Google describes functions and services: {error!r}"
            ) from None
        names = [each["name"] for each in self.plan]
        here = {name: places[self.region, name] for name in names if (self.region, name) in places}
        if elsewhere := [
            f"{name}: is in {at}, not in {self.region}" for at, name in places if name in {*names} - {*here}
        ]:
            raise NotAsApplied(elsewhere)
        live = {name: serving[service] for name, service in here.items() if service in serving}
        if flaws := [flaw for each in self.plan if each["name"] in live for flaw in _told(each, live[each["name"]])]:
            raise NotAsApplied(flaws)
        return {name: each for name, each in live.items() if each.revisions}

    def _deploy(self, each: Mapping[str, Any]) -> str:
        """The function's address."""
        print(f"deploy {each['name']}", flush=True)
        command = ("functions", "deploy", each["name"], *each["flags"])
        deployed = self._gcloud_json(*command)
        if not isinstance(deployed, dict) or not isinstance(deployed.get("url"), str):
            raise CommandFailed(["gcloud", *command], "the answer names no url")
        return str(deployed["url"])

    def _smoke(self, each: Mapping[str, Any], *, url: str) -> None:
        """It is up, it refuses strangers, and it answers who it should know that all its parts can be reached."""
        name = each["name"]
        self._expect(f"{name} is up", url + "/health", status=200, said={"status": "ok"})
        self._expect(
            f"{name} refuses strangers", url + PROTECTED, post=True, status=401, said={"code": "unauthenticated"}
        )
        if each["caller"]:
            token = self._gcloud(
                "auth",
                "print-identity-token",
                f"--audiences={each['audience']}",
                f"--impersonate-service-account={each['caller']}",
                "--include-email",
            ).strip()
            self._expect(f"{name} reaches its parts", url + "/health", token=token, status=200, said={"status": "ok"})

    def _expect(
        self, what: str, url: str, *, status: int, said: Mapping[str, str], post: bool = False, token: str = ""
    ) -> None:
        """Ask until it answers so."""
        until = min(time.monotonic() + self.patience, self.until)
        while True:
            answered, body = _ask(url, post=post, token=token)
            if answered == status and said.items() <= body.items():
                print(f"ok {what}", flush=True)
                return
            if time.monotonic() >= until:
                raise WrongAnswer(what, expected=(status, dict(said)), came=(answered, body))
            time.sleep(min(5, self.patience))

    def _roll_back(self, before: "Mapping[str, Live]") -> None:
        """All at once: who stopped us may not wait long."""
        way_back = Release(self.project, self.region, self.plan, 0, until=time.monotonic() + ROLL_BACK_SECONDS)
        with ThreadPoolExecutor() as at_once:
            list(at_once.map(lambda each: way_back._turn_back(each["name"], before.get(each["name"])), self.plan))

    def _turn_back(self, name: str, live: "Live | None") -> None:
        if live is None:
            print(f"{name} had no revision before: it stays as it is", file=sys.stderr)
            return
        shares = ",".join(f"{revision}={percent}" for revision, percent in live.revisions.items())
        command = ["run", "services", "update-traffic", live.service, f"--region={self.region}"]
        try:
            self._gcloud(*command, f"--to-revisions={shares}")
        except (ReleaseFailed, OSError) as failure:
            print(f"NOT ROLLED BACK {name}, which served {shares}: {failure}", file=sys.stderr)
        else:
            print(f"{name} is back at {shares}", file=sys.stderr)

    def _gcloud_json(self, *words: str) -> Any:  # noqa: ANN401 - parsed JSON
        said = self._gcloud(*words, "--format=json")
        try:
            return json.loads(said)
        except ValueError:
            raise CommandFailed(["gcloud", *words], "the answer is no JSON") from None

    def _gcloud(self, *words: str) -> str:
        """What gcloud prints; what it says besides goes to our own output.

        In a session of its own, Ctrl-C does not reach it: it is we who wait for it, or end it.
        """
        command = ["gcloud", *words, f"--project={self.project}", "--quiet"]
        left = max(self.until - time.monotonic(), 1)
        try:
            done = subprocess.run(
                command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False, timeout=left, start_new_session=True
            )
        except subprocess.TimeoutExpired:
            raise CommandFailed(command, "out of time; what it began may still end at Google: look at it") from None
        if done.returncode:
            raise CommandFailed(command, f"exit code {done.returncode}")
        return done.stdout


def _service(function: Mapping[str, Any]) -> str:
    """The name of a function's Cloud Run service; "" for one that never came to have any."""
    return str(function.get("serviceConfig", {}).get("service", "")).rpartition("/")[2]


def _serving(service: Mapping[str, Any]) -> Live:
    """Per cent by revision: one may stand in several entries, such as one for a tag; and the newest's variables."""
    shares: Counter[str] = Counter()
    for each in service["status"].get("traffic", []):
        shares[each["revisionName"]] += each.get("percent", 0)
    container, *_ = service["spec"]["template"]["spec"]["containers"]  # in a project of others too
    environment = {each["name"]: each.get("value", "") for each in container.get("env", [])}
    return Live(service["metadata"]["name"], dict(+shares), environment)


def _told(function: Mapping[str, Any], live: Live) -> "list[str]":
    """The variables that it would be told otherwise than now, by name: there may be a password in a value."""
    told: Mapping[str, str] = function["environment"]
    return [f"{function['name']}: {name}" for name, value in told.items() if live.environment.get(name) != value]


def _ask(url: str, *, post: bool, token: str) -> "tuple[int, dict[str, Any]]":
    """Status and JSON of an answer; 0 for none, {} for what is no JSON."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, data=b'{"dry_run": true}' if post else None, headers=headers)  # noqa: S310 - as gcloud says it
    try:
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - the same
            return response.status, _json(response.read())
    except urllib.error.HTTPError as refused:
        return refused.code, _json(refused.read())
    except (OSError, http.client.HTTPException):
        return 0, {}


def _json(body: bytes) -> "dict[str, Any]":
    try:
        members = json.loads(body)
    except ValueError:
        return {}
    return members if isinstance(members, dict) else {}


def _stop(number: int, _frame: object) -> NoReturn:
    """Once: what then goes back is not stopped half-way."""
    _ignore_signals()
    raise Stopped(signal.Signals(number).name)


def _ignore_signals() -> None:
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)


def _read(file: Path, *, patience: float, deadline: float) -> Release:
    try:
        release = json.loads(file.read_text(encoding="utf-8"))
        until = time.monotonic() + deadline
        return Release(release["project"], release["region"], release["functions"], patience, until=until)
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"{file}: expected what `python -m infra.deploy render` writes: {error!r}"
        raise ReleaseFailed(msg) from None


def main() -> None:
    """Read the file and release it; exit code 1 where it failed."""
    parser = ArgumentParser(description="Deploy, call and, where that fails, roll back.")
    parser.add_argument("file", type=Path, help="what `python -m infra.deploy render` wrote")
    parser.add_argument("--patience", type=float, default=120, help="seconds until an answer has to be right")
    parser.add_argument(
        "--deadline", type=float, default=DEADLINE_SECONDS, help="seconds until all is done, or goes back"
    )
    given = parser.parse_args()
    for each in _SIGNALS:
        signal.signal(each, _stop)
    try:
        _read(given.file, patience=given.patience, deadline=given.deadline).run()
    except ReleaseFailed as failure:
        sys.exit(f"FAILED {failure}")


if __name__ == "__main__":
    main()
