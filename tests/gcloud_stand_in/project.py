"""A project and the gcloud that keeps it."""

import json
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeAlias

from tests.gcloud_stand_in import accounts, firestore, functions, regions, storage, watching
from tests.gcloud_stand_in.call import Commands, Flags, No, no

Known: TypeAlias = Mapping[str, frozenset[str]]

EMPTY: Mapping[str, Any] = {
    "services": ["serviceusage.googleapis.com"],
    "accounts": [],
    "policies": {},
    "databases": [],
    "backup_schedules": [],
    "indexes": [],
    "building": {},
    "listings_until_built": 0,
    "fields": {},
    "buckets": {},
    "functions": {},
    "run_services": {},
    "metrics": {},
    "alerts": [],
    "channels": [],
    "commands": [],
    "refusals": [],
}
"""A project in which nothing is yet. `refusals` are [pattern, exit code, words] for commands that are to fail once."""

_APIS = {
    "projects": "cloudresourcemanager.googleapis.com",
    "iam": "iam.googleapis.com",
    "firestore": "firestore.googleapis.com",
    "storage": "storage.googleapis.com",
    "functions": "cloudfunctions.googleapis.com",
    "run": "run.googleapis.com",
    "logging": "logging.googleapis.com",
    "monitoring": "monitoring.googleapis.com",
    "artifacts": "artifactregistry.googleapis.com",
    "tasks": "cloudtasks.googleapis.com",
    "scheduler": "cloudscheduler.googleapis.com",
}

_COMMANDS: Commands = {
    **accounts.COMMANDS,
    **firestore.COMMANDS,
    **storage.COMMANDS,
    **functions.COMMANDS,
    **watching.COMMANDS,
    **regions.COMMANDS,
}


class StandIn:
    """One project. `state` is all that it is, as JSON."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.state: dict[str, Any] = deepcopy(dict(EMPTY))

    def __call__(self, command: Sequence[str], folder: Path) -> tuple[int, str, str]:
        """Do a command, `gcloud` first, as in a folder; its exit code, output and errors."""
        self.state["commands"].append(list(command[1:]))
        try:
            words, positional, flags = self._parsed(command[1:])
            self._refuse_once(" ".join(command[1:]))
            self._require_api(words)
            answer = _COMMANDS[words](self.state, positional, Flags(flags, folder=folder))
        except No as no:
            return no.code, "", f"ERROR: ({'.'.join(['gcloud', *command[1:3]])}) {no.words}\n"
        return 0, "" if answer is None else json.dumps(answer), ""

    def changes(self) -> list[str]:
        """The commands so far that read nothing, as words without flags."""
        reading = ("list", "describe", "get-iam-policy")
        commands = [[word for word in each if not word.startswith("--")] for each in self.state["commands"]]
        return [" ".join(each) for each in commands if not any(word in reading for word in each)]

    def _parsed(self, args: Sequence[str]) -> tuple[str, list[str], dict[str, Any]]:
        words = next(
            (" ".join(args[:end]) for end in range(len(args), 0, -1) if " ".join(args[:end]) in self.known), ""
        )
        if not words:
            no(f"Invalid choice: {args[0]!r}.", code=2)
        flags: dict[str, Any] = {}
        positional: list[str] = []
        for arg in args[len(words.split()) :]:
            if not arg.startswith("--"):
                positional.append(arg)
                continue
            name, sign, value = arg.partition("=")
            if name not in self.known[words]:
                no(f"unrecognized arguments: {arg}", code=2)
            flags.setdefault(name, []).append(value if sign else True)
        if words not in _COMMANDS:
            msg = f"the stand-in has no {words}"
            raise AssertionError(msg)
        return words, positional, flags

    def _refuse_once(self, line: str) -> None:
        for refusal in self.state["refusals"]:
            if re.search(refusal[0], line):
                self.state["refusals"].remove(refusal)
                no(refusal[2], code=refusal[1])

    def _require_api(self, words: str) -> None:
        api = next((_APIS[word] for word in words.split() if word in _APIS), None)
        if api is not None and api not in self.state["services"]:
            no(
                f"PERMISSION_DENIED: API [{api}] has not been used in project acme-billing before or it is disabled. "
                "reason: SERVICE_DISABLED"
            )
