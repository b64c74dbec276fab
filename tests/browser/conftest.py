"""A real browser (Debian's Chromium through Playwright) in front of the proxy and the sandbox."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.functions.proxy import Proxy, running_proxy
from tests.real_parts import require_real_part

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="module")  # Playwright's event loop runs in this thread until it is stopped: nobody else could
def browser() -> Iterator[Browser]:
    require_real_part(CHROMIUM.exists(), "the browser tests need Chromium (apt-get install chromium)")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    with running_proxy(tmp_path, webhooks=True) as running:
        yield running
