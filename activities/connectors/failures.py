"""How a connector says that it could not: for good, or for now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from temporalio.exceptions import ApplicationError


class ConnectorFailure(Exception):
    """The connector's work failed. `temporary`: another attempt may succeed. `after`: not before that pause.

    `code` and `details` are what an error expression sees: the HTTP status as text, and the answer.
    """

    def __init__(
        self,
        message: str,
        *,
        temporary: bool = False,
        after: timedelta | None = None,
        code: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.temporary = temporary
        self.after = after
        self.code = code
        self.details = dict(details or {})

    def raised(self) -> ApplicationError:
        """As Temporal is told."""
        return ApplicationError(
            self.message, type="Connector", non_retryable=not self.temporary, next_retry_delay=self.after
        )


def final(message: str) -> ConnectorFailure:
    """A failure that another attempt would only repeat: the model, its data or the settings are wrong."""
    return ConnectorFailure(message)


def temporary(message: str, after: timedelta | None = None) -> ConnectorFailure:
    """A failure that may be over at the next attempt."""
    return ConnectorFailure(message, temporary=True, after=after)
