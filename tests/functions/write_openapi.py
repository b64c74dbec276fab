"""Writes docs/openapi.json anew, as the API serves it: `make openapi`."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.functions.api_books import running_api
from tests.functions.test_api_document import CHECKED_IN

if __name__ == "__main__":
    with TemporaryDirectory() as folder, running_api(Path(folder)) as api:
        served = json.loads(api.proxy.get("/api/openapi.json").body)
    CHECKED_IN.write_text(json.dumps(served, indent=1, ensure_ascii=False) + "\n")
