"""The Firestore emulator of the gcloud SDK: one a test process, on a free port of the loopback.

A test module imports the `firestore` fixture; every test takes a project of its own (`fresh_project`), which is empty.
"""

import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from uuid import uuid4

import pytest

from tests.local_server import free_port
from tests.real_parts import require_real_part

_JAR = Path("cloud-firestore-emulator/cloud-firestore-emulator.jar")
_USUAL_SDK = Path("/usr/lib/google-cloud-sdk/platform")
_START_SECONDS = 60
_UNTIL_STDIN_ENDS = '"$@" & cat; kill -9 $!'  # so that it ends with this process, however this process ends
_ADDRESS = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def firestore(pytestconfig: pytest.Config) -> str:
    """The emulator's host:port. It starts with the first test that asks and ends with the test process."""
    if _ADDRESS not in pytestconfig.stash:
        running = ExitStack()
        pytestconfig.stash[_ADDRESS] = running.enter_context(firestore_emulator())
        pytestconfig.add_cleanup(running.close)
    return pytestconfig.stash[_ADDRESS]


def fresh_project() -> str:
    """A project id that nobody has used: an empty database."""
    return f"test-{uuid4().hex[:16]}"


@contextmanager
def firestore_emulator() -> Iterator[str]:
    """Its host:port while the block runs, in FIRESTORE_EMULATOR_HOST too. Skips or fails where it is absent."""
    jar, java = _jar(), shutil.which("java")
    require_real_part(jar is not None and java is not None, "the Firestore emulator needs Java and the gcloud SDK")
    address = f"127.0.0.1:{free_port()}"
    command = ["sh", "-c", _UNTIL_STDIN_ENDS, "sh", *_command(str(java), str(jar), address)]
    process = subprocess.Popen(
        command, start_new_session=True, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_until_ready(address)
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("FIRESTORE_EMULATOR_HOST", address)
            yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # it keeps nothing on disk
        process.communicate()


def _command(java: str, jar: str, address: str) -> list[str]:
    host, _, port = address.partition(":")
    memory = ["-Duser.language=en", "-XX:+UseSerialGC", "-Xmx1g"]
    main = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
    return [java, *memory, "-cp", jar, main, f"--host={host}", f"--port={port}"]


@lru_cache(maxsize=1)
def _jar() -> Path | None:
    if (_USUAL_SDK / _JAR).exists():
        return _USUAL_SDK / _JAR
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        return None
    asked = subprocess.run(
        [gcloud, "info", "--format=value(installation.sdk_root)"], capture_output=True, text=True, check=False
    )
    jar = Path(asked.stdout.strip()) / "platform" / _JAR
    return jar if jar.exists() else None


def _wait_until_ready(address: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://{address}/", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    msg = f"the Firestore emulator did not answer on {address} within {_START_SECONDS} seconds"
    raise RuntimeError(msg)
