"""Secrets by reference: `{{secrets.NAME}}` in the input of a connector.

The process instance holds the reference only; its value comes from the worker's settings at the last moment and is in
no variable, no history and no message. Only references that the *model* spells at the connector's own element are
replaced: text that somebody types into a form cannot ask for a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from activities.connectors.failures import final
from interpreter.workflow.jobs import SECRET_REFERENCE

_MIN_CONCEALED: Final = 6
"""Characters; what is shorter would be found in answers by chance."""


class Secrets:
    """The secrets that one job may use: those of `known` that are among `named`."""

    def __init__(self, known: Mapping[str, str], named: Iterable[str]) -> None:
        self._known = known
        self._named = frozenset(named)
        self._used: dict[str, str] = {}

    def fill(self, value: Any) -> Any:
        """`value` (JSON data) with its references replaced. ConnectorFailure if a secret is not in the settings."""
        if isinstance(value, str):
            return SECRET_REFERENCE.sub(self._replace, value) if "{{" in value else value
        if isinstance(value, list):
            return [self.fill(item) for item in cast("list[Any]", value)]
        if isinstance(value, dict):
            return {name: self.fill(item) for name, item in cast("dict[str, Any]", value).items()}
        return value

    def conceal(self, text: str) -> str:
        """`text` with the secrets that were used turned back into their references."""
        for value, reference in sorted(self._used.items(), key=lambda item: -len(item[0])):
            text = text.replace(value, reference)
        return text

    def conceal_all(self, value: Any) -> Any:
        """JSON data likewise."""
        if not self._used:
            return value
        if isinstance(value, str):
            return self.conceal(value)
        if isinstance(value, list):
            return [self.conceal_all(item) for item in cast("list[Any]", value)]
        if isinstance(value, dict):
            return {self.conceal(name): self.conceal_all(item) for name, item in cast("dict[str, Any]", value).items()}
        return value

    def also_conceal(self, value: str) -> None:
        """Something made of secrets, such as a token."""
        if len(value) >= _MIN_CONCEALED:
            self._used[value] = "***"

    def _replace(self, match: re.Match[str]) -> str:
        name = match[1]
        if name not in self._named:
            return match[0]
        value = self._known.get(name)
        if value is None:
            raise final(
                f"Expected secret {name!r} in the worker's settings but it is not there: set OSTINATO_SECRET_{name} "
                "or put a file of that name into OSTINATO_SECRETS_DIRECTORY."
            )
        if len(value) >= _MIN_CONCEALED:
            self._used[value] = f"{{{{secrets.{name}}}}}"
        return value
