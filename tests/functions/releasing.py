"""A release by the real gcloud to a Google of our own, which starts what it gets as the buildpack would build it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from tests.functions.running_door import KEY, ROOT, RunningDoor, running_door
from tests.google_rest import GoogleApis
from tests.oidc_issuer import OidcIssuer
from tests.real_parts import require_real_part

RUNTIME = ROOT / "build/runtime"
PROJECT = "acme-billing"


@dataclass(frozen=True, kw_only=True)
class Releasing:
    """The Google that is released to, and the folder of the functions' SQLite file and objects."""

    google: GoogleApis
    issuer: OidcIssuer
    folder: Path
    environ: Mapping[str, str]

    def rendered(self) -> Path:
        """What the build's step before the last writes."""
        file = self.folder / "release.json"
        command = [sys.executable, "-m", "infra.deploy", "render", f"--project={PROJECT}", f"--file={file}"]
        subprocess.run(command, cwd=ROOT, check=True)
        return file

    def release(self, file: Path) -> subprocess.CompletedProcess[str]:
        """What the build's last step does."""
        return self.run("python3", "infra/deploy/release.py", str(file), "--patience=0")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command with gcloud turned to our Google."""
        return subprocess.run(command, cwd=ROOT, env=self.environ, capture_output=True, text=True, check=False)


def only(file: Path, name: str, *, store: str) -> None:
    """Release one function of a rendered release and no other, with another document store."""
    release = json.loads(file.read_text())
    [function] = [each for each in release["functions"] if each["name"] == name]
    function["flags"] = [
        flag.replace("BILLING_STORE=firestore", f"BILLING_STORE={store}") for flag in function["flags"]
    ]
    file.write_text(json.dumps(release | {"functions": [function]}))


@contextmanager
def releasing(folder: Path) -> Iterator[Releasing]:
    """Such a Google, and what is deployed to it, while the block runs."""
    require_real_part(shutil.which("gcloud") is not None, "a release needs gcloud")
    require_real_part(
        _built_from() == (ROOT / "requirements.txt").read_bytes(), "`make runtime` builds what the functions run in"
    )
    with ExitStack() as running, OidcIssuer() as issuer:

        def start(name: str, function: Mapping[str, Any], upload: bytes) -> int:
            root = folder / f"{name}-{len(upload)}"
            ZipFile(BytesIO(upload)).extractall(root)
            return running.enter_context(_started(function, root=root, folder=folder, issuer=issuer)).port

        with GoogleApis(start, issuer=issuer) as google:
            inherited = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
            environ = inherited | google.environment(folder) | {"CLOUDSDK_CORE_PROJECT": PROJECT}
            yield Releasing(google=google, issuer=issuer, folder=folder, environ=environ)


def _started(
    function: Mapping[str, Any], *, root: Path, folder: Path, issuer: OidcIssuer
) -> AbstractContextManager[RunningDoor]:
    """The function from its upload; what lies behind it is here, where it says that it is at Google."""
    declared: Mapping[str, str] = function["serviceConfig"]["environmentVariables"]
    instead = {
        "firestore": f"sqlite://{folder}/billing.db",
        "gs://acme-billing-invoices": f"file://{folder}/objects",
        "secret-manager": "environment",
    }
    environ = {name: instead.get(value, value) for name, value in declared.items()} | {
        "INTERNAL_API_KEY": KEY,
        "PAYMENT_LINK_KEY": "k" * 32,
        "OIDC_ISSUERS": issuer.url,
        "OIDC_CERTS_URL": issuer.certs_url,
    }
    build = function["buildConfig"]
    source, target = build["environmentVariables"]["GOOGLE_FUNCTION_SOURCE"], build["entryPoint"]
    framework = [str(RUNTIME / "bin/python"), "-m", "functions_framework", "--source", source, "--target", target]
    return running_door(
        environ, folder=folder, root=root, command=lambda port: [*framework, "--host", "127.0.0.1", "--port", str(port)]
    )


def _built_from() -> bytes:
    """The lock that the environment was built from; b"" for none."""
    lock = RUNTIME / "requirements.txt"
    return lock.read_bytes() if lock.exists() else b""
