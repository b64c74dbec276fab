"""Deploy what `python -m infra.deploy` wrote: every function, then a call of each, and all back where one fails.

It needs Python and gcloud and nothing else, so that it runs in the image of gcloud:

    python3 infra/deploy/release.py build/release.json
"""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

PROTECTED = "/api/internal/cron/billing"
"""The proxy's path for our own parts; the other functions answer on every path."""

_ALL_TRAFFIC = "--serve-all-traffic-latest-revision"
"""After a release that went back, traffic stays with a revision until this."""


class ReleaseFailed(Exception):
    """A function could not be deployed, or does not answer as it should."""


class CommandFailed(ReleaseFailed):
    """A command of gcloud's failed; it has said why itself."""

    def __init__(self, command: Sequence[str], *, code: int) -> None:
        super().__init__(f"{' '.join(command)}: exit code {code}")


class WrongAnswer(ReleaseFailed):
    """A function answers, but not as it should."""

    def __init__(self, what: str, *, expected: object, came: object) -> None:
        super().__init__(f"{what}: expected {expected}, came {came}")


@dataclass(frozen=True)
class Live:
    """What serves a function: its Cloud Run service, and the shares of its revisions in per cent."""

    service: str
    revisions: Mapping[str, int]


@dataclass(frozen=True)
class Release:
    """Functions of one project and region; `plan` has for each its `name`, `flags`, `audience` and `caller`.

    An answer may be wrong for `patience` seconds: a new function's address takes a while to let everybody in.
    """

    project: str
    region: str
    plan: Sequence[Mapping[str, Any]]
    patience: float

    def run(self) -> None:
        """Deploy and call all, or raise ReleaseFailed with everything back at what served before."""
        before = self._live()
        try:
            with ThreadPoolExecutor() as at_once:
                urls = list(at_once.map(self._deploy, self.plan))
            for each, url in zip(self.plan, urls, strict=True):
                self._smoke(each, url=url)
        except ReleaseFailed:
            self._roll_back(before)
            raise

    def _live(self) -> "dict[str, Live]":
        listed = self._gcloud_json("functions", "list", "--v2", f"--regions={self.region}")
        services = {each["name"].rpartition("/")[2]: each["serviceConfig"]["service"] for each in listed}
        return {
            name: Live(service, self._revisions(service))
            for each in self.plan
            for name in [each["name"]]
            for service in [services.get(name, "").rpartition("/")[2]]
            if service
        }

    def _revisions(self, service: str) -> "dict[str, int]":
        described = self._gcloud_json("run", "services", "describe", service, f"--region={self.region}")
        return {each["revisionName"]: each["percent"] for each in described["status"]["traffic"] if each.get("percent")}

    def _deploy(self, each: Mapping[str, Any]) -> str:
        """The address of the function's newest revision."""
        print(f"deploy {each['name']}")
        return str(self._gcloud_json("functions", "deploy", each["name"], *each["flags"], _ALL_TRAFFIC)["url"])

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
        until = time.monotonic() + self.patience
        while True:
            answered, body = _ask(url, post=post, token=token)
            if answered == status and said.items() <= body.items():
                print(f"ok {what}")
                return
            if time.monotonic() >= until:
                raise WrongAnswer(what, expected=(status, dict(said)), came=(answered, body))
            time.sleep(min(5, self.patience))

    def _roll_back(self, before: "Mapping[str, Live]") -> None:
        for each in self.plan:
            live = before.get(each["name"])
            if live is None:
                print(f"{each['name']} had no revision before: it stays as it is", file=sys.stderr)
                continue
            shares = ",".join(f"{revision}={percent}" for revision, percent in live.revisions.items())
            command = ["run", "services", "update-traffic", live.service, f"--region={self.region}"]
            try:
                self._gcloud(*command, f"--to-revisions={shares}")
            except ReleaseFailed as failure:
                print(f"NOT ROLLED BACK {failure}", file=sys.stderr)
            else:
                print(f"{each['name']} is back at {shares}", file=sys.stderr)

    def _gcloud_json(self, *words: str) -> Any:  # noqa: ANN401 - parsed JSON
        return json.loads(self._gcloud(*words, "--format=json"))

    def _gcloud(self, *words: str) -> str:
        """What gcloud prints; what it says besides goes to our own output."""
        command = ["gcloud", *words, f"--project={self.project}", "--quiet"]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise CommandFailed(command, code=done.returncode)
        return done.stdout


def _ask(url: str, *, post: bool, token: str) -> "tuple[int, dict[str, Any]]":
    """Status and JSON of an answer; 0 for none, {} for what is no JSON."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, data=b'{"dry_run": true}' if post else None, headers=headers)  # noqa: S310 - as gcloud says it
    try:
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - the same
            return response.status, _json(response.read())
    except urllib.error.HTTPError as refused:
        return refused.code, _json(refused.read())
    except OSError:
        return 0, {}


def _json(body: bytes) -> "dict[str, Any]":
    try:
        members = json.loads(body)
    except ValueError:
        return {}
    return members if isinstance(members, dict) else {}


def main() -> None:
    """Read the folder and release it; exit code 1 where it failed."""
    parser = ArgumentParser(description="Deploy, call and, where that fails, roll back.")
    parser.add_argument("file", type=Path, help="what `python -m infra.deploy render` wrote")
    parser.add_argument("--patience", type=float, default=120, help="seconds until an answer has to be right")
    given = parser.parse_args()
    release = json.loads(given.file.read_text(encoding="utf-8"))
    try:
        Release(release["project"], release["region"], release["functions"], given.patience).run()
    except ReleaseFailed as failure:
        sys.exit(f"FAILED {failure}")


if __name__ == "__main__":
    main()
