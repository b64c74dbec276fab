"""Where secrets are kept: their places, not their values (https://cloud.google.com/secret-manager/docs)."""

from collections.abc import Iterator, Sequence
from functools import partial
from secrets import token_hex

from google.cloud.secretmanager_v1.types import Secret, SecretVersion
from google.protobuf.field_mask_pb2 import FieldMask

from infra.cloud import Cloud, refusals
from infra.declaration import Declaration
from infra.durations import duration, whole
from infra.errors import NotThere
from infra.resource import Call, Difference, Resource, Settings

_SERVICE = "Secret Manager"
_DESTROYED_AFTER = 7 * 86_400
"""A version that somebody destroys is disabled at once and gone a week later: time to notice a mistake."""

_VALUE_BYTES = 32


def secret_places(declaration: Declaration) -> Iterator[Resource]:
    """Each place, which never expires; a generated one has a value from the start."""
    for name, secret in declaration.secrets.items():
        path = secret_name(declaration, name)
        create = Call(f"{_SERVICE}: create the secret {path}", partial(_create, name=path))
        generate = Call(f"{_SERVICE}: add a random value of {_VALUE_BYTES} bytes", partial(_generate, name=path))
        yield Resource(
            kind="secret",
            name=name,
            api="secretmanager.googleapis.com",
            wanted={"replication": "automatic", "expires": None, "version_destroy_ttl": _DESTROYED_AFTER},
            live=partial(_live, name=path),
            create=(create, generate) if secret.generated else (create,),
            update=partial(_update, name=path),
            delete=(Call(f"{_SERVICE}: delete the secret {path} with its values", partial(_delete, name=path)),),
            fixed={"replication": "a secret stays where it was put: delete it and apply again, then add its value"},
            notes=partial(_notes, name=path),
        )


def secret_name(declaration: Declaration, secret: str) -> str:
    """What Secret Manager calls it."""
    return f"projects/{declaration.variables.project}/secrets/{secret}"


def _live(cloud: Cloud, *, name: str) -> Settings | None:
    try:
        with refusals(_SERVICE, f"{_SERVICE}: read the secret {name}", project=cloud.project):
            secret = cloud.secrets.get_secret(request={"name": name})
    except NotThere:
        return None
    return {
        "replication": "automatic" if "automatic" in secret.replication else "user managed",
        "expires": str(secret.expire_time) if "expire_time" in secret else None,
        "version_destroy_ttl": whole(secret.version_destroy_ttl) if "version_destroy_ttl" in secret else None,
    }


def _secret(name: str) -> Secret:
    return Secret(name=name, replication={"automatic": {}}, version_destroy_ttl=duration(_DESTROYED_AFTER))


def _create(cloud: Cloud, *, name: str) -> None:
    parent, _, secret_id = name.partition("/secrets/")
    secret = _secret(name)
    with refusals(_SERVICE, f"{_SERVICE}: create the secret {name}", project=cloud.project):
        cloud.secrets.create_secret(request={"parent": parent, "secret_id": secret_id, "secret": secret})


def _generate(cloud: Cloud, *, name: str) -> None:
    payload = {"data": token_hex(_VALUE_BYTES).encode()}
    with refusals(_SERVICE, f"{_SERVICE}: add a value to {name}", project=cloud.project):
        cloud.secrets.add_secret_version(request={"parent": name, "payload": payload})


def _update(differences: Sequence[Difference], *, name: str) -> Sequence[Call]:
    masks = {"expires": "expire_time"}
    fields = [masks.get(each.field, each.field) for each in differences]

    def do(cloud: Cloud) -> None:
        with refusals(_SERVICE, f"{_SERVICE}: change the secret {name}", project=cloud.project):
            cloud.secrets.update_secret(request={"secret": _secret(name), "update_mask": FieldMask(paths=fields)})

    return (Call(f"{_SERVICE}: set {', '.join(fields)} of the secret {name}", do),)


def _delete(cloud: Cloud, *, name: str) -> None:
    with refusals(_SERVICE, f"{_SERVICE}: delete the secret {name}", project=cloud.project):
        cloud.secrets.delete_secret(request={"name": name})


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
