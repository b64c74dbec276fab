"""Where documents, objects and secrets are kept: what a configuration names, before anything is connected."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """Documents in one SQLite file."""

    path: Path


@dataclass(frozen=True, slots=True)
class FirestoreDatabase:
    """Documents in one Firestore database of a project."""

    project: str
    database: str


@dataclass(frozen=True, slots=True)
class Folder:
    """Objects as files below a folder."""

    path: Path


@dataclass(frozen=True, slots=True)
class Bucket:
    """Objects in a Cloud Storage bucket; `endpoint` is a test server in its place."""

    name: str
    endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class SecretVariables:
    """Secrets by variable name, or references to them, in `project` unless they name another."""

    variables: Mapping[str, str] = field(repr=False)
    project: str = ""


@dataclass(frozen=True, slots=True)
class SecretProject:
    """Secrets in the Secret Manager of a project; `variables` refer to those that are elsewhere."""

    project: str
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)


Store: TypeAlias = SqliteFile | FirestoreDatabase
ObjectPlace: TypeAlias = Folder | Bucket
SecretSource: TypeAlias = SecretVariables | SecretProject
