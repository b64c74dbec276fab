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


class Stopped(ReleaseFailed):
    """Somebody, or the end of a build, stopped the release."""


@dataclass(frozen=True)
class Live:
    """What serves a function: its Cloud Run service, and the shares of its revisions in per cent."""

    service: str
    revisions: Mapping[str, int]


@dataclass(frozen=True)
class Release:
    """Functions of one project and region; `plan` has for each its `name`, `flags`, `audience` and `caller`.

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
        """What serves each function of the plan that has a revision."""
        listed = self._gcloud_json("functions", "list", "--v2", f"--regions={self.region}")
        described = self._gcloud_json("run", "services", "list", f"--region={self.region}")
        try:
            services = {each["name"].rpartition("/")[2]: _service(each) for each in listed}
            shares = {each["metadata"]["name"]: _shares(each) for each in described}
        except (AttributeError, KeyError, TypeError) as error:
            raise CommandFailed(
                ["gcloud", "list"], f"not as Google describes functions and services: {error!r}"
            ) from None
        return {
            each["name"]: Live(service, shares[service])
            for each in self.plan
            for service in [services.get(each["name"], "")]
            if shares.get(service)
        }

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


def _shares(service: Mapping[str, Any]) -> "dict[str, int]":
    """Per cent by revision; a revision may stand in several entries, such as one for a tag."""
    shares: Counter[str] = Counter()
    for each in service["status"].get("traffic", []):
        shares[each["revisionName"]] += each.get("percent", 0)
    return dict(+shares)


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
