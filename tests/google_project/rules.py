"""Firebase Rules."""

import json

from tests.google_project.call import Message
from tests.google_project.state import State
from tests.local_server import QuietHandler


class Rules(QuietHandler):
    """Rulesets and releases; a release is made by POST and changed by PATCH."""

    def __init__(self, project: State, *args: Message) -> None:
        self._project = project
        super().__init__(*args)

    def _refused(self) -> bool:
        refusal = self._project.refusal("Rules")
        if refusal is None:
            return False
        self._answer(403, {"error": {"code": 403, "message": refusal[1]}})
        return True

    def do_GET(self) -> None:
        if self._refused():
            return
        name = self.path.removeprefix("/v1/")
        if name in self._project.releases:
            self._answer(200, {"name": name, "rulesetName": self._project.releases[name]})
        elif "/rulesets/" in name:
            text = self._project.rulesets[int(name.rpartition("/")[2])]
            self._answer(200, {"name": name, "source": {"files": [{"name": "firestore.rules", "content": text}]}})
        else:
            self._answer(404, {"error": {"code": 404, "message": "Requested entity was not found."}})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._project.changes.append(f"POST {self.path}")
        if self.path.endswith("/rulesets"):
            self._project.rulesets.append(body["source"]["files"][0]["content"])
            self._answer(200, {"name": f"{self.path.removeprefix('/v1/')}/{len(self._project.rulesets) - 1}"})
        else:
            self._project.releases[body["name"]] = body["rulesetName"]
            self._answer(200, body)

    def do_PATCH(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["release"]
        if body["name"] not in self._project.releases:
            self._answer(404, {"error": {"code": 404, "message": "Requested entity was not found."}})
            return
        self._project.changes.append(f"PATCH {self.path}")
        self._project.releases[body["name"]] = body["rulesetName"]
        self._answer(200, body)

    def _answer(self, status: int, body: Message) -> None:
        self.answer(status, json.dumps(body).encode(), headers={"Content-Type": "application/json"})
