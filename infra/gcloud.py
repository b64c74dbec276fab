"""The `gcloud` command: what it reads as JSON, what it changes, and what its refusals mean."""

import json
import os
import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from infra.errors import InfraError, NotAllowed, NotThere, Refused
from infra.patience import NOT_YET
from infra.remedies import LOGIN, NO_REGION, REGION, forbidden, known

Run = Callable[[Sequence[str], Path], tuple[int, str, str]]
"""Runs a command in a folder: its exit code, output and errors."""

ROOT = Path(__file__).parents[1]
"""What functions are deployed from."""

_TAKEN = "; or the bucket's name is another project's: choose one by --set bucket=NAME or export_bucket=NAME"
"""Names of buckets are shared by all of Cloud Storage, and one of a stranger's answers as one without a role."""

_NO_PROJECT = "; or the project's id is another: gcloud projects list"
"""A project that there is not answers as one without a role."""

_FORBIDDEN = re.compile(
    "PERMISSION_DENIED|does not have .*permission|Permission .* denied|missing permission|lacks IAM permission"
    r"|HTTPError 403|status=\[403\]"
)
_NOT_INSTALLED = re.compile("requires? the installation of components|Invalid choice: |unrecognized arguments: ")
"""What a gcloud says that is older than the command, or was installed without a part of itself."""

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

    def __init__(self, project: str, *, run: Run = start) -> None:
        self._project = project
        self._run = run
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

    def forget(self) -> None:
        """Read anew from here on: Google itself changed something."""
        self._read.clear()

    def run(self, args: Sequence[str], *, file: tuple[str, str] | None = None) -> None:
        """Change something, with a file by its name and content where the command reads one. Raises Refused."""
        self.forget()
        with TemporaryDirectory() as scratch:
            if file is not None:
                Path(scratch, file[0]).write_text(file[1], encoding="utf-8")
            self._call(args, folder=ROOT if file is None else Path(scratch))

    def _call(self, args: Sequence[str], *, folder: Path) -> str:
        code, out, said = self._run(["gcloud", *args, f"--project={self._project}", "--quiet"], folder)
        if code:
            raise refusal(args, said.strip() or f"exit code {code}", project=self._project)
        return out


def refusal(args: Sequence[str], said: str, *, project: str) -> Refused:
    """The error for what gcloud said, with the way out where it is known."""
    asked = "gcloud " + " ".join(word for word in args if not word.startswith("--"))
    if re.search("do not currently have (an active|this) account|Reauthentication|invalid_grant", said):
        return NotAllowed(asked, said=said, remedy=LOGIN)
    if _NOT_INSTALLED.search(said):
        return Refused(asked, said=said, remedy="gcloud components install alpha beta && gcloud components update")
    if remedy := known(said, project=project):
        return Refused(asked, said=said, remedy=remedy)
    if _FORBIDDEN.search(said):
        return forbidden(asked, said, role=role_for(args), project=project, besides=_besides(args))
    if NO_REGION.search(said):
        return Refused(asked, said=said, remedy=REGION)
    if _NOT_FOUND.search(said) and not NOT_YET.search(said):
        return NotThere(asked, said=said)
    return Refused(asked, said=said)


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
    "artifacts": "roles/artifactregistry.reader",
    "tasks": "roles/cloudtasks.admin",
    "scheduler": "roles/cloudscheduler.admin",
}


def _besides(args: Sequence[str]) -> str:
    if any(word.startswith("gs://") for word in args):
        return _TAKEN
    return _NO_PROJECT if args[0] == "services" else ""


def role_for(args: Sequence[str]) -> str:
    """The role that lets somebody run a command."""
    return next((_ROLES[word] for word in args if word in _ROLES), "roles/owner")
