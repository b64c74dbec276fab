"""What Secret Manager refuses, told with the command that helps."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from billing.adapters.secret_reference import SecretReference
from billing.ports import SecretUnreadable, StoreUnavailable

STORE = "Secret Manager"
_MAY_LIST, _MAY_READ = "roles/secretmanager.viewer", "roles/secretmanager.secretAccessor"


@dataclass(frozen=True, slots=True)
class Refusals:
    """The refusals of one secret. Each context turns the client's exceptions into ours."""

    reference: SecretReference

    @contextmanager
    def of_list(self) -> Iterator[None]:
        """While its versions are listed."""
        from google.api_core.exceptions import NotFound  # noqa: PLC0415

        with self._of_all(role=_MAY_LIST):
            try:
                yield
            except NotFound as error:
                raise self._no_secret() from error

    @contextmanager
    def of_value(self) -> Iterator[None]:
        """While the value of a version is read; one that was disabled meanwhile is the caller's affair."""
        from google.api_core.exceptions import FailedPrecondition  # noqa: PLC0415

        with self._of_all(role=_MAY_READ, but=FailedPrecondition):
            yield

    @contextmanager
    def of_version(self, version: str) -> Iterator[None]:
        """While the value of the very version that was asked for is read."""
        from google.api_core.exceptions import FailedPrecondition, NotFound  # noqa: PLC0415

        with self._of_all(role=_MAY_READ):
            try:
                yield
            except NotFound as error:
                raise self._no_version(version) from error
            except FailedPrecondition as error:
                raise self._dead(version, destroyed="DESTROYED" in error.message) from error

    def none_enabled(self, *, newest: str) -> SecretUnreadable:
        """It is there, and none of its versions is enabled."""
        remedy = f"{self._enable(newest)}, or {self._fresh()}"
        return self._refused("none of its versions is enabled", remedy)

    @contextmanager
    def _of_all(self, *, role: str, but: type[Exception] | tuple[()] = ()) -> Iterator[None]:
        from google.api_core.exceptions import GoogleAPICallError, PermissionDenied, RetryError  # noqa: PLC0415

        try:
            yield
        except but:
            raise
        except PermissionDenied as error:
            raise (self._switched_off() if error.reason == "SERVICE_DISABLED" else self._lacks(role)) from error
        except (GoogleAPICallError, RetryError) as error:
            raise StoreUnavailable(STORE, reason=error.message) from error

    def _no_secret(self) -> SecretUnreadable:
        create = f"gcloud secrets create {self._words} --replication-policy=automatic --data-file=FILE"
        return self._refused("there is no such secret, or it has expired", f"make it: {create}", absent=True)

    def _dead(self, version: str, *, destroyed: bool) -> SecretUnreadable:
        if destroyed:
            return self._refused(f"version {version} is destroyed", f"{self._fresh()}, and refer to that one")
        return self._refused(f"version {version} is disabled", f"{self._enable(version)}, or refer to another one")

    def _no_version(self, version: str) -> SecretUnreadable:
        return self._refused(f"it is not there, or has no version {version}", self._fresh())

    def _lacks(self, role: str) -> SecretUnreadable:
        member = "--member=serviceAccount:ACCOUNT"
        grant = f"gcloud secrets add-iam-policy-binding {self._words} {member} --role={role}"
        return self._refused(f"this function's account lacks {role}", f"grant it: {grant}")

    def _switched_off(self) -> SecretUnreadable:
        enable = f"gcloud services enable secretmanager.googleapis.com --project={self.reference.project}"
        return self._refused("Secret Manager is switched off in that project", f"switch it on: {enable}")

    def _fresh(self) -> str:
        return f"add a version: gcloud secrets versions add {self._words} --data-file=FILE"

    def _enable(self, version: str) -> str:
        secret, project = self.reference.secret, self.reference.project
        number = version if version.isdigit() else "NUMBER"  # `latest` and aliases are none
        return f"enable it: gcloud secrets versions enable {number} --secret={secret} --project={project}"

    def _refused(self, reason: str, remedy: str, *, absent: bool = False) -> SecretUnreadable:
        return SecretUnreadable(self.reference.name, reason=reason, remedy=remedy, absent=absent)

    @property
    def _words(self) -> str:
        return f"{self.reference.secret} --project={self.reference.project}"
