"""References to secrets: sm://PROJECT/SECRET, with /VERSION behind it for that version alone, or sm://SECRET."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from billing.adapters.variables import Variables, shown
from billing.domain.errors import InvalidInput

SCHEME = "sm://"
_EXPECTED = "sm://PROJECT/SECRET, sm://PROJECT/SECRET/VERSION or sm://SECRET"
_EXPECTED_ALONE = "sm://PROJECT/SECRET, as GOOGLE_CLOUD_PROJECT is not set"

_PROJECT = "[a-z][a-z0-9-]{4,28}[a-z0-9]|[0-9]{1,20}"
_SECRET = "[A-Za-z0-9_-]{1,255}"  # noqa: S105 - a pattern
_VERSION = "[1-9][0-9]{0,17}|[A-Za-z][A-Za-z0-9_-]{0,62}"
_REFERENCE = re.compile(f"sm://(?:({_PROJECT})/)?({_SECRET})")
_PINNED = re.compile(f"sm://({_PROJECT})/({_SECRET})/({_VERSION})")


@dataclass(frozen=True, slots=True)
class SecretReference:
    """A secret of a project. Without a version its two newest enabled ones are meant, so that it can be rotated.

    A version is a number, `latest` or an alias (https://cloud.google.com/secret-manager/docs/assign-alias-to-secret-version).
    """

    project: str
    secret: str
    version: str | None = None

    @property
    def name(self) -> str:
        """The secret's full name."""
        return f"projects/{self.project}/secrets/{self.secret}"


def is_reference(text: str) -> bool:
    """Whether a variable's value names a secret and is none itself."""
    return text.strip().startswith(SCHEME)


def secret_reference(text: str, *, variable: str, project: str) -> SecretReference:
    """What a variable's value refers to, in `project` unless it names another. Raises InvalidInput."""
    reference = text.strip()
    if pinned := _PINNED.fullmatch(reference):
        return SecretReference(*pinned.groups())
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise InvalidInput(variable, expected=_EXPECTED, given=reference)
    if not (found[1] or project):
        raise InvalidInput(variable, expected=_EXPECTED_ALONE, given=reference)
    return SecretReference(found[1] or project, found[2])


def check_references(read: Variables, references: Mapping[str, str], *, project: str) -> None:
    """Note with `read` which of the variables refer to no secret."""
    for name, text in references.items():
        try:
            secret_reference(text, variable=name, project=project)
        except InvalidInput as error:
            read.flaw(name, remedy=f"use {error.expected}, not {shown(text)}")
