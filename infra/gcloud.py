"""The `gcloud` command: what it reads as JSON, what it changes, and what its refusals mean."""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from infra.errors import InfraError, NotAllowed, NotThere, Refused

Run = Callable[[Sequence[str], Path], tuple[int, str, str]]
"""Runs a command in a folder: its exit code, output and errors."""

ROOT = Path(__file__).parents[1]
"""What functions are deployed from."""

_TRIES = 6
_PAUSE_SECONDS = 10.0
_NOT_YET = re.compile("Service account .* does not exist|has not been used in project|is not ready yet")
"""What Google says for a minute after an account was made or an API switched on."""

_TAKEN = "; or the bucket's name is another project's: choose one by --set bucket=NAME or export_bucket=NAME"
"""Names of buckets are shared by all of Cloud Storage, and one of a stranger's answers as one without a role."""

NO_REGION = re.compile(
    r"\b(location|locationid|region)\b.{0,80}\b(not valid|not a valid|not found|invalid|not supported|unsupported)\b"
    r"|\b(invalid|unknown|unsupported|not a valid) (location|region|locationid)\b",
    re.IGNORECASE,
)
"""What services say of a region that they do not have; not of a name that has `locations/` in it."""

_NOT_FOUND = re.compile("NOT_FOUND|not found|HTTPError 404|does not exist", re.IGNORECASE)


def start(command: Sequence[str], folder: Path) -> tuple[int, str, str]:
    """Run it as a process. Raises InfraError where there is no such program."""
    environ = {**os.environ, "CLOUDSDK_CORE_DISABLE_PROMPTS": "1"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        msg = "gcloud is not installed: https://cloud.google.com/sdk/docs/install"
        raise InfraError(msg) from None
    return done.returncode, done.stdout, done.stderr


class Gcloud:
    """gcloud for one project. What was read is kept until something is changed."""

    def __init__(self, project: str, *, run: Run = start, pause: Callable[[float], None] = time.sleep) -> None:
        self._project = project
        self._run = run
        self._pause = pause
        self._read: dict[tuple[str, ...], Any] = {}

    def read(self, *args: str) -> Any:  # noqa: ANN401 - parsed JSON
        """What a command answers as JSON; None where the thing is not there. Raises Refused."""
        if args not in self._read:
            try:
                answer = self._call([*args, "--format=json"], folder=ROOT)
                self._read[args] = json.loads(answer) if answer.strip() else []
            except NotThere:
                self._read[args] = None
        return self._read[args]

    def run(self, args: Sequence[str], *, file: tuple[str, str] | None = None) -> None:
        """Change something, with a file by its name and content where the command reads one. Raises Refused.

        What Google is not ready for yet is tried again for a minute.
        """
        self._read.clear()
        with TemporaryDirectory() as scratch:
            if file is not None:
                Path(scratch, file[0]).write_text(file[1], encoding="utf-8")
            self._persist(args, folder=ROOT if file is None else Path(scratch))

    def _persist(self, args: Sequence[str], *, folder: Path) -> None:
        for left in reversed(range(_TRIES)):
            try:
                self._call(args, folder=folder)
            except Refused as error:
                if not left or not _NOT_YET.search(error.said):
                    raise
                self._pause(_PAUSE_SECONDS)
            else:
                return

    def _call(self, args: Sequence[str], *, folder: Path) -> str:
        code, out, said = self._run(["gcloud", *args, f"--project={self._project}", "--quiet"], folder)
        if code:
            raise refusal(args, said.strip() or f"exit code {code}", project=self._project)
        return out


def refusal(args: Sequence[str], said: str, *, project: str) -> Refused:
    """The error for what gcloud said, with the way out where it is known."""
    asked = "gcloud " + " ".join(word for word in args if not word.startswith("--"))
    if re.search("do not currently have (an active|this) account|Reauthentication|invalid_grant", said):
        return NotAllowed(asked, said=said, remedy="log in: gcloud auth login && gcloud auth application-default login")
    if re.search("PERMISSION_DENIED|does not have .*permission|Permission .* denied|HTTPError 403", said):
        if "has not been used" in said or "SERVICE_DISABLED" in said:
            return Refused(asked, said=said, remedy="switch the API on: python -m infra apply does it first of all")
        taken = _TAKEN if any(word.startswith("gs://") for word in args) else ""
        return NotAllowed(asked, said=said, remedy=role_remedy(role_for(args), project=project) + taken)
    if NO_REGION.search(said):
        return Refused(asked, said=said, remedy=REGION_REMEDY)
    if _NOT_FOUND.search(said) and not _NOT_YET.search(said):
        return NotThere(asked, said=said)
    return Refused(asked, said=said)


REGION_REMEDY = (
    "choose a region that has all of them by --region: gcloud functions regions list, gcloud scheduler locations list, "
    "gcloud tasks locations list, gcloud firestore locations list"
)

_ROLES = {
    "services": "roles/serviceusage.serviceUsageAdmin",
    "projects": "roles/resourcemanager.projectIamAdmin",
    "iam": "roles/iam.serviceAccountAdmin",
    "firestore": "roles/datastore.owner",
    "storage": "roles/storage.admin",
    "functions": "roles/cloudfunctions.admin",
    "run": "roles/run.admin",
    "logging": "roles/logging.configWriter",
    "monitoring": "roles/monitoring.editor",
}


def role_for(args: Sequence[str]) -> str:
    """The role that lets somebody run a command."""
    return next((_ROLES[word] for word in args if word in _ROLES), "roles/owner")


def role_remedy(role: str, *, project: str) -> str:
    """The command by which an owner gives the role."""
    return (
        f"have an owner of the project run: gcloud projects add-iam-policy-binding {project} "
        f"--member=user:YOUR_EMAIL --role={role}"
    )
