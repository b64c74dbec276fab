"""Google's REST APIs as far as gcloud calls them for a release, on this machine; the functions it deploys are started.

What they answer follows https://cloud.google.com/functions/docs/reference/rest/v2 and
https://cloud.google.com/run/docs/reference/rest/v1. gcloud itself is the real one: it is told where the APIs are.
"""

import http.client
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.local_server import LocalServer, QuietHandler
from tests.oidc_issuer import OidcIssuer

APIS = ("cloudbuild", "cloudfunctions", "cloudresourcemanager", "iamcredentials", "run", "serviceusage")
_FUNCTION_TYPE = "type.googleapis.com/google.cloud.functions.v2.Function"
_METADATA = {"@type": "type.googleapis.com/google.cloud.functions.v2.OperationMetadata", "stages": []}

Start = Callable[[str, Mapping[str, Any], bytes], int]
"""Starts a function, by its name, as it is deployed and from its zip; the port that it listens on."""


@dataclass
class Deployed:
    """A function, its revisions' ports, and the shares of the traffic."""

    function: dict[str, Any]
    ports: dict[str, int] = field(default_factory=dict)
    traffic: list[dict[str, Any]] = field(default_factory=list)


class GoogleApis(LocalServer):
    """`with GoogleApis(start, issuer=issuer) as google:` and run gcloud with `google.environment(folder)`."""

    def __init__(self, start: Start, *, issuer: OidcIssuer) -> None:
        self.deployed: dict[str, Deployed] = {}
        self.uploads: list[bytes] = []
        self.builds: list[dict[str, Any]] = []
        self.public: set[str] = set()
        self.may_impersonate = True
        self._start = start
        self._issuer = issuer
        super().__init__(type("Handler", (_Handler,), {"google": self}))

    def environment(self, folder: Path) -> dict[str, str]:
        """The variables that make gcloud a build's service account of this Google; `folder` keeps its configuration.

        Regional APIs are asked for at a name of their own, such as europe-west1-127.0.0.1: we are the proxy to all.
        """
        key = folder / "service-account.json"
        private = generate_private_key(public_exponent=65537, key_size=2048)
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        account = {"type": "service_account", "client_email": "build@acme.iam.gserviceaccount.com", "client_id": "1"}
        key.write_text(json.dumps(account | {"private_key": pem, "private_key_id": "1", "token_uri": self.url}))
        return {
            "CLOUDSDK_CONFIG": str(folder / "gcloud"),
            "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE": str(key),
            "CLOUDSDK_AUTH_TOKEN_HOST": f"{self.url}/token",
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
            "CLOUDSDK_PROXY_TYPE": "http",
            "CLOUDSDK_PROXY_ADDRESS": "127.0.0.1",
            "CLOUDSDK_PROXY_PORT": str(self._server.server_port),
        } | {f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{api.upper()}": f"{self.url}/" for api in APIS}

    def serving(self, name: str) -> str:
        """The one revision that has all of a function's traffic."""
        [share] = self.deployed[name].traffic
        assert share["percent"] == 100
        return str(share["revisionName"])

    def answer(self, method: str, path: str, query: Mapping[str, list[str]], body: bytes) -> "tuple[int, Any]":
        """Status and JSON of a call."""
        for verb, pattern, do in self._routes():
            found = re.fullmatch(pattern, path)
            if verb == method and found:
                return do(found, query, body)
        return 404, {"error": {"code": 404, "status": "NOT_FOUND", "message": f"{method} {path}"}}

    def _routes(
        self,
    ) -> "list[tuple[str, str, Callable[[re.Match[str], Mapping[str, list[str]], bytes], tuple[int, Any]]]]":
        functions = "/v2/(projects/[^/]+/locations/[^/]+)/functions"
        account = "/v1/projects/-/serviceAccounts/([^:]+)"
        services = "/apis/serving.knative.dev/v1/namespaces/[^/]+/services"
        return [
            ("POST", "/token", lambda *_: (200, _ACCESS)),
            ("POST", f"{account}:generateAccessToken", lambda *_: self._impersonated()),
            ("POST", f"{account}:generateIdToken", lambda m, _, body: (200, {"token": self._token(m[1], body)})),
            ("GET", r"/v1/projects/[^/]+/services/([a-z]+\.googleapis\.com)", lambda *_: (200, {"state": "ENABLED"})),
            ("GET", "/v1/projects/[^/]+/locations/[^/]+/defaultServiceAccount", lambda *_: (200, _BUILDER)),
            ("GET", "/v1/projects/([^/]+)", lambda m, *_: (200, {"projectId": m[1], "projectNumber": "123"})),
            ("POST", "/v1/projects/[^/]+(?:/locations/[^/]+)?/builds", lambda _, __, body: self._build(body)),
            ("GET", "/v2/projects/[^/]+/locations/[^/]+/runtimes", lambda *_: (200, _RUNTIMES)),
            ("POST", f"{functions}:generateUploadUrl", lambda *_: (200, self._upload_url())),
            ("PUT", "/upload", lambda _, __, body: self._upload(body)),
            ("GET", functions, lambda *_: (200, {"functions": [each.function for each in self.deployed.values()]})),
            ("POST", functions, lambda m, query, body: self._deploy(m[1], query["functionId"][0], json.loads(body))),
            ("PATCH", f"{functions}/([^/]+)", lambda m, _, body: self._deploy(m[1], m[2], json.loads(body))),
            ("GET", f"{functions}/([^/]+)", lambda m, *_: self._function(m[2])),
            ("GET", "/v2/(projects/[^/]+/locations/[^/]+/operations/[^/]+)", lambda m, *_: (200, _done(m[1]))),
            ("GET", ".*/services/[^/]+:getIamPolicy", lambda *_: (200, {})),
            ("POST", ".*/services/([^/]+):setIamPolicy", lambda m, _, body: (200, self._policy(m[1], body))),
            ("GET", services, lambda *_: (200, self._services())),
            ("GET", f"{services}/([^/]+)", lambda m, *_: (200, self._service(m[1]))),
            (
                "PUT",
                f"{services}/([^/]+)",
                lambda m, _, body: (200, self._turn(m[1], json.loads(body)["spec"]["traffic"])),
            ),
        ]

    def _impersonated(self) -> "tuple[int, Any]":
        if not self.may_impersonate:
            return 403, {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "getAccessToken denied"}}
        return 200, {"accessToken": "ya29.impersonated", "expireTime": "2099-01-01T00:00:00Z"}

    def _token(self, account: str, body: bytes) -> str:
        audience = json.loads(body)["audience"]
        return self._issuer.token(audience=audience, email=account, now=datetime.now(UTC))

    def _upload_url(self) -> dict[str, Any]:
        return {"uploadUrl": f"{self.url}/upload", "storageSource": {"bucket": "uploads", "object": "upload.zip"}}

    def _upload(self, body: bytes) -> tuple[int, Any]:
        self.uploads.append(body)
        return 200, {}

    def _build(self, body: bytes) -> "tuple[int, Any]":
        self.builds.append(json.loads(body))
        build = {"id": "1", "projectId": "acme-billing", "status": "QUEUED", "logUrl": self.url}
        metadata = {"@type": "type.googleapis.com/google.devtools.cloudbuild.v1.BuildOperationMetadata", "build": build}
        return 200, {"name": "operations/build/acme/1", "metadata": metadata}

    def _deploy(self, parent: str, name: str, function: dict[str, Any]) -> "tuple[int, Any]":
        """A new revision; it has the traffic where the function says so, as a new function's first one has."""
        known = self.deployed.setdefault(name, Deployed({}))
        service = re.sub("[^a-z0-9]", "-", name.lower())
        revision = f"{service}-{len(known.ports) + 1:05}"
        known.ports[revision] = self._start(name, function, self.uploads[-1])
        if not known.traffic or function["serviceConfig"].get("allTrafficOnLatestRevision"):
            known.traffic = [{"revisionName": revision, "percent": 100}]
        known.function = function | {
            "name": f"{parent}/functions/{name}",
            "state": "ACTIVE",
            "environment": "GEN_2",
            "url": f"{self.url}/of/{name}",
            "serviceConfig": function["serviceConfig"]
            | {"service": f"{parent}/services/{service}", "revision": revision, "uri": f"{self.url}/of/{name}"},
        }
        return 200, _done(f"{parent}/operations/{revision}")

    def _function(self, name: str) -> "tuple[int, Any]":
        if name not in self.deployed:
            return 404, {"error": {"code": 404, "status": "NOT_FOUND", "message": f"no function {name}"}}
        return 200, self.deployed[name].function

    def _policy(self, service: str, body: bytes) -> dict[str, Any]:
        policy: dict[str, Any] = json.loads(body)["policy"]
        if any("allUsers" in each["members"] for each in policy["bindings"]):
            self.public.add(service)
        return policy

    def _of_service(self, service: str) -> Deployed:
        return next(d for d in self.deployed.values() if d.function["serviceConfig"]["service"].endswith(f"/{service}"))

    def _turn(self, service: str, traffic: list[dict[str, Any]]) -> dict[str, Any]:
        self._of_service(service).traffic = traffic
        return self._service(service)

    def _services(self) -> dict[str, Any]:
        names = [each.function["serviceConfig"]["service"].rpartition("/")[2] for each in self.deployed.values()]
        return {"apiVersion": "serving.knative.dev/v1", "kind": "ServiceList", "items": list(map(self._service, names))}

    def _service(self, service: str) -> dict[str, Any]:
        known = self._of_service(service)
        newest = list(known.ports)[-1]
        told = known.function["serviceConfig"]["environmentVariables"]
        env = [{"name": name, "value": value} for name, value in told.items()]
        container = {"image": "function", "env": env}
        return {
            "apiVersion": "serving.knative.dev/v1",
            "kind": "Service",
            "metadata": {"name": service, "namespace": "123", "generation": 1, "resourceVersion": "1"},
            "spec": {
                "template": {"metadata": {"name": newest}, "spec": {"containers": [container]}},
                "traffic": known.traffic,
            },
            "status": {
                "observedGeneration": 1,
                "conditions": [{"type": "Ready", "status": "True"}],
                "latestReadyRevisionName": newest,
                "latestCreatedRevisionName": newest,
                "traffic": known.traffic,
                "url": known.function["url"],
            },
        }


_ACCESS = {"access_token": "ya29.build", "expires_in": 3600, "token_type": "Bearer"}
_BUILDER = {"serviceAccountEmail": "projects/acme/serviceAccounts/build@acme.iam.gserviceaccount.com"}
_RUNTIMES = {"runtimes": [{"name": f"python3{n}", "environment": "GEN_2", "stage": "GA"} for n in range(10, 15)]}


def _done(name: str) -> dict[str, Any]:
    return {"name": name, "done": True, "metadata": _METADATA, "response": {"@type": _FUNCTION_TYPE}}


class _Handler(QuietHandler):
    google: ClassVar[GoogleApis]

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def do_PATCH(self) -> None:
        self._answer()

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        parts = urlsplit(self.path)
        if called := re.fullmatch("/of/([^/]+)(.*)", parts.path):
            self._pass_on(called[1], called[2] or "/", body)
            return
        status, content = self.google.answer(self.command, parts.path, parse_qs(parts.query), body)
        self._send(status, "application/json", json.dumps(content).encode())

    def _pass_on(self, name: str, path: str, body: bytes) -> None:
        """Call the revision that serves a function."""
        port = self.google.deployed[name].ports[self.google.serving(name)]
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request(self.command, path, body=body, headers=dict(self.headers.items()))
        answered = connection.getresponse()
        self._send(answered.status, answered.headers["Content-Type"] or "", answered.read())
        connection.close()

    def _send(self, status: int, content_type: str, body: bytes) -> None:
        self.answer(status, body, headers={"Content-Type": content_type})
