"""A guide's fenced blocks, and a door that runs its scripts."""

import os
import re
import subprocess

from tests.functions.running_door import KEY, ROOT, RunningDoor

NIGHTLY = (ROOT / "samples/cron/nightly.sh").read_text(encoding="utf-8")


def block(page: str, language: str, *, holding: str) -> str:
    """The one fenced block of a language that holds a text."""
    [found] = [
        text for text in re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL) if holding in text
    ]
    return found


def bash(script: str, *arguments: str, door: RunningDoor, key: str = KEY) -> subprocess.CompletedProcess[str]:
    """Run a script as the guide's reader would, with the door's address for the guide's."""
    url = f"http://127.0.0.1:{door.port}"
    environ = {**os.environ, "INTERNAL_API_KEY": key, "BILLING_URL": url, "BILLING_PAUSE": "0"}
    command = ["bash", "-c", script.replace("http://127.0.0.1:3001", url), "script", *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
