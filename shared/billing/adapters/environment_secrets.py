"""Secrets out of environment variables, which hold them or refer to them (sm://PROJECT/SECRET)."""

from collections.abc import Callable, Iterator, Mapping

from billing.adapters.secret_reference import SecretReference, is_reference, secret_reference


class EnvironmentSecrets:
    """The Secrets port over variables: `NAME` is the newest version, `NAME_PREVIOUS` the one being retired."""

    def __init__(
        self,
        variables: Mapping[str, str],
        *,
        project: str = "",
        resolve: Callable[[SecretReference], tuple[str, ...]] = lambda _reference: (),
        otherwise: Callable[[str], tuple[str, ...]] = lambda _name: (),
    ) -> None:
        """`variables` is handed in by the configuration, which alone reads the environment.

        `resolve` gives what a reference means, in `project` unless it names another; `otherwise` what no variable has.
        """
        self._variables = dict(variables)
        self._project = project
        self._resolve = resolve
        self._otherwise = otherwise

    def get(self, name: str) -> tuple[str, ...]:
        """The versions as far as they are set, newest first; a blank one is not. Raises what `resolve` raises."""
        names = [each for each in (name, f"{name}_PREVIOUS") if self._variables.get(each, "").strip()]
        if not names:
            return self._otherwise(name)
        return tuple(version for each in names for version in self._versions(each))

    def _versions(self, variable: str) -> Iterator[str]:
        text = self._variables[variable]
        if is_reference(text):
            yield from self._resolve(secret_reference(text, variable=variable, project=self._project))
        else:
            yield text.strip("\r\n")  # line ends around a value are no part of it
