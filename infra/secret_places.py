"""Where secrets are kept: their places, not their values (https://cloud.google.com/secret-manager/docs)."""

from collections.abc import Iterator, Sequence
from functools import partial
from secrets import token_hex

from google.cloud.secretmanager_v1.types import Secret, SecretVersion

from infra.cloud import Cloud, refusals
from infra.declaration import Declaration
from infra.durations import duration, whole
from infra.errors import NotThere
from infra.kept import Kept
from infra.resource import Call, Resource, Settings, always

_SERVICE = "Secret Manager"
_DESTROYED_AFTER = 7 * 86_400
"""A version that somebody destroys is disabled at once and gone a week later: time to notice a mistake."""

_VALUE_BYTES = 32


def secret_places(declaration: Declaration) -> Iterator[Resource]:
    """Each place, which never expires; a generated one has a value from the start."""
    for name, secret in declaration.secrets.items():
        path = secret_name(declaration, name)
        kept = Kept(
            service=_SERVICE,
            noun="secret",
            name=path,
            client=lambda cloud: cloud.secrets,
            wanted=Secret(name=path, replication={"automatic": {}}, version_destroy_ttl=duration(_DESTROYED_AFTER)),
        )
        yield _resource(name, kept, generated=secret.generated)


def secret_name(declaration: Declaration, secret: str) -> str:
    """What Secret Manager calls it."""
    return f"projects/{declaration.variables.project}/secrets/{secret}"


def _resource(name: str, kept: Kept, *, generated: bool) -> Resource:
    def live(cloud: Cloud) -> Settings | None:
        secret = kept.read(cloud)
        return None if secret is None else _settings(secret)

    create = kept.create(secret_id=name)
    generate = Call(f"{_SERVICE}: add a random value of {_VALUE_BYTES} bytes", partial(_generate, name=kept.name))
    return Resource(
        kind="secret",
        name=name,
        api="secretmanager.googleapis.com",
        wanted=_settings(kept.wanted),
        live=live,
        create=(create, generate) if generated else (create,),
        update=kept.update,
        delete=always(kept.delete(also=" with its values")),
        fixed={"replication": "a secret stays where it was put: delete it and apply again, then add its value"},
        notes=partial(_notes, name=kept.name),
    )


def _settings(secret: Secret) -> dict[str, object]:
    return {
        "replication": "automatic" if "automatic" in secret.replication else "user managed",
        "expire_time": str(secret.expire_time) if "expire_time" in secret else None,
        "version_destroy_ttl": whole(secret.version_destroy_ttl) if "version_destroy_ttl" in secret else None,
    }


def _generate(cloud: Cloud, *, name: str) -> None:
    payload = {"data": token_hex(_VALUE_BYTES).encode()}
    with refusals(_SERVICE, f"{_SERVICE}: add a value to {name}", project=cloud.project):
        cloud.secrets.add_secret_version(request={"parent": name, "payload": payload})


def _notes(cloud: Cloud, *, name: str) -> Sequence[str]:
    """What to do where it has no value that may be used; one in two words: none yet, or all disabled or destroyed."""
    secret = name.rpartition("/")[2]
    try:
        with refusals(_SERVICE, f"{_SERVICE}: list the versions of {name}", project=cloud.project):
            versions = list(cloud.secrets.list_secret_versions(request={"parent": name}))
    except NotThere:
        return ()
    states = [SecretVersion.State(version.state) for version in versions]
    if SecretVersion.State.ENABLED in states:
        return ()
    had = "every version is disabled or destroyed" if states else "it has no value"
    command = f"printf %s VALUE | gcloud secrets versions add {secret} --data-file=- --project={cloud.project}"
    return (f"{secret}: {had}; what needs it fails until you add one: {command}",)
