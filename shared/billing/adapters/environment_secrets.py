"""Secrets out of environment variables: for laptops, tests and machines without Secret Manager."""

from collections.abc import Mapping


class EnvironmentSecrets:
    """The Secrets port over variables: `NAME` is the newest version, `NAME_PREVIOUS` the one being retired."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        """`variables` is handed in by the configuration, which alone reads the environment."""
        self._variables = dict(variables)

    def get(self, name: str) -> tuple[str, ...]:
        """Both versions as far as they are set; a blank one is not. Line ends around a value are no part of it."""
        versions = (self._variables.get(name, ""), self._variables.get(f"{name}_PREVIOUS", ""))
        return tuple(version.strip("\r\n") for version in versions if version.strip())
