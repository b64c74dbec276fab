"""Where secrets are kept: their places, not their values (https://cloud.google.com/secret-manager/docs)."""

from collections.abc import Iterator, Sequence
from functools import partial
from secrets import token_hex

from google.cloud.secretmanager_v1.types import Secret, SecretVersion

from infra.cloud import Cloud, refusals
from infra.declaration import Declaration
from infra.durations import duration, whole
from infra.errors import NotThere
from infra.keeping import left_longer
from infra.kept import Kept
from infra.resource import Allowed, Call, Difference, Resource, Settings, Step, always

_SERVICE = "Secret Manager"
_DESTROYED_AFTER = 7 * 86_400
"""A version that somebody destroys is disabled at once and gone a week later: time to notice a mistake."""

_VALUE_BYTES = 32
_VALUE, _RANDOM = "value", "random"
"""The setting of a generated secret that says whether it ever had a value: a random one, as it began."""


def secret_places(declaration: Declaration, allowed: Allowed) -> Iterator[Resource]:
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
        yield _resource(name, kept, allowed, generated=secret.generated)


def secret_name(declaration: Declaration, secret: str) -> str:
    """What Secret Manager calls it."""
    return f"projects/{declaration.variables.project}/secrets/{secret}"


def _resource(name: str, kept: Kept, allowed: Allowed, *, generated: bool) -> Resource:
    def live(cloud: Cloud) -> Settings | None:
        secret = kept.read(cloud)
        if secret is None:
            return None
        has_value = generated and _states(cloud, kept.name)
        return {**_settings(secret), **({_VALUE: _RANDOM} if has_value else {})}

    def update(found: Sequence[Difference], live: Settings) -> Sequence[Step]:
        """Also where a creation stopped before the value."""
        settings = [each for each in found if each.field != _VALUE]
        return [*kept.update(settings, live), *([generate] if len(settings) < len(found) else [])]

    create = kept.create(secret_id=name)
    says = f"{_SERVICE}: add a random value of {_VALUE_BYTES} bytes to the secret {kept.name}"
    generate = Call(says, partial(_generate, name=kept.name))
    return Resource(
        kind="secret",
        name=name,
        api="secretmanager.googleapis.com",
        wanted={**_settings(kept.wanted), **({_VALUE: _RANDOM} if generated else {})},
        live=live,
        create=(create, generate) if generated else (create,),
        update=update,
        left=lambda live: left_longer(live, "version_destroy_ttl", _DESTROYED_AFTER, allowed),
        delete=always(kept.delete(also=" with its values")),
        fixed={"replication": "a secret stays where it was put: delete it and apply again, then add its value"},
        notes=partial(_notes, name=kept.name, generated=generated),
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


def _states(cloud: Cloud, name: str) -> Sequence[SecretVersion.State]:
    """Those of its versions. Raises NotThere."""
    with refusals(_SERVICE, f"{_SERVICE}: list the versions of {name}", project=cloud.project):
        versions = cloud.secrets.list_secret_versions(request={"parent": name})
        return [SecretVersion.State(version.state) for version in versions]


def _notes(cloud: Cloud, *, name: str, generated: bool) -> Sequence[str]:
    """What to do where it has no value that may be used: none yet, or all disabled or destroyed."""
    secret = name.rpartition("/")[2]
    try:
        states = _states(cloud, name)
    except NotThere:
        return ()
    if SecretVersion.State.ENABLED in states or (generated and not states):
        return ()
    had = "every version is disabled or destroyed" if states else "it has no value"
    value = f"openssl rand -hex {_VALUE_BYTES}" if generated else 'read -rs VALUE && printf %s "$VALUE"'
    command = f"{value} | gcloud secrets versions add {secret} --data-file=- --project={cloud.project}"
    return (f"{secret}: {had}; what needs it fails until you add one: {command}",)
