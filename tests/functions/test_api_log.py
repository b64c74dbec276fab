"""What the proxy's log says of each request: the whole template of its route, never the ids that were sent."""

import json
import re
from pathlib import Path

from tests.functions.api_door import running_api_door
from tests.functions.test_api_document import CHECKED_IN

SENT = "somebodys-own-id"


def test_every_route_of_the_document_is_logged_by_its_whole_template(tmp_path: Path) -> None:
    paths = json.loads(CHECKED_IN.read_text())["paths"]
    asked = [(method.upper(), path) for path, operations in paths.items() for method in operations]
    with running_api_door(tmp_path) as door:
        for number, (method, path) in enumerate(asked):
            sent = {"X-Request-Id": f"call-{number}"}
            door.ask(method, re.sub(r"\{\w+\}", SENT, path), body={}, sent=sent)
        logged = [door.logged(request_id=f"call-{number}") for number in range(len(asked))]
    assert [(line["method"], line["route"]) for line in logged] == asked
    assert SENT not in str(logged)


def test_what_is_no_route_is_logged_without_its_path(tmp_path: Path) -> None:
    with running_api_door(tmp_path) as door:
        assert door.ask("GET", f"/api/billing/{SENT}").status == 404
        door.ask("GET", "/api/billing/customers", sent={"X-Request-Id": "after"})
        door.logged(request_id="after", route="/api/billing/customers")
    assert [line["route"] for line in door.log if line["status"] == 404] == [""]
