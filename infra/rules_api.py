"""The API of Firestore's security rules (https://firebase.google.com/docs/reference/rules/rest)."""

from functools import cached_property
from typing import Any

import requests
from google.auth import default
from google.auth.exceptions import DefaultCredentialsError, RefreshError
from google.auth.transport.requests import AuthorizedSession

from infra.errors import NotAllowed, NotThere, Refused
from infra.remedies import LOGIN, forbidden

_AT_GOOGLE = "https://firebaserules.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_SECONDS = 30


class RulesApi:
    """Which rules are released for a database, and how to release others."""

    def __init__(self, project: str, *, endpoint: str | None = None) -> None:
        self._project = project
        self._endpoint = endpoint

    def released(self, database: str) -> str | None:
        """The text of the rules that hold; None where nothing was ever released, and then nobody gets in either."""
        try:
            name = self._call("GET", f"projects/{self._project}/releases/{_release(database)}")["rulesetName"]
        except NotThere:
            return None
        files = self._call("GET", name)["source"]["files"]
        return "\n".join(str(file["content"]) for file in files)

    def release(self, database: str, text: str) -> None:
        """Make the text the rules that hold. Raises Refused, also where the text is no valid rules."""
        source = {"files": [{"name": "firestore.rules", "content": text}]}
        ruleset = self._call("POST", f"projects/{self._project}/rulesets", {"source": source})["name"]
        release = {"name": f"projects/{self._project}/releases/{_release(database)}", "rulesetName": ruleset}
        try:
            self._call("PATCH", release["name"], {"release": release})
        except NotThere:
            self._call("POST", f"projects/{self._project}/releases", release)

    @cached_property
    def _session(self) -> requests.Session:
        if self._endpoint is not None:
            return requests.Session()
        try:
            credentials, _ = default(scopes=[_SCOPE])
        except DefaultCredentialsError as error:
            asked = "Firebase Rules"
            raise NotAllowed(asked, said=str(error), remedy=LOGIN) from error
        session: requests.Session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
        session.headers["x-goog-user-project"] = self._project
        return session

    def _call(self, method: str, path: str, body: Any = None) -> Any:  # noqa: ANN401 - JSON
        asked = f"Firebase Rules {method} {path}"
        url = f"{self._endpoint or _AT_GOOGLE}/v1/{path}"
        try:
            answer = self._session.request(method, url, json=body, timeout=_SECONDS)
        except (requests.RequestException, RefreshError) as error:
            raise Refused(asked, said=str(error), remedy="try again; log in if it goes on") from error
        if answer.ok:
            return answer.json()
        said = f"HTTP {answer.status_code}: {answer.text[:500]}"
        match answer.status_code:
            case 404:
                raise NotThere(asked, said=said)
            case 401:
                raise NotAllowed(asked, said=said, remedy=LOGIN)
            case 403:
                raise forbidden(asked, said, role="roles/firebaserules.admin", project=self._project)
            case _:
                raise Refused(asked, said=said)


def _release(database: str) -> str:
    return "cloud.firestore" if database == "(default)" else f"cloud.firestore/{database}"
