"""Errors as Camunda's REST API answers them: a status and the body ``{"type", "message", "code"}``.

    RestError                       status + type + message + code
     +- invalid_request(...)        "InvalidRequestException": the REST layer refuses the request (400, 404, 403, 406)
     +- rest_exception(...)         "RestException": the REST layer wraps what the engine said
     +- engine_error(...)           the engine's own class name: BadUserRequestException 400, NullValueException 500 ...

`code` is null unless an engine exception caused the answer; 0 is Camunda's generic code, 1 optimistic locking.
"""

from __future__ import annotations

from typing import Any

GENERIC_CODE = 0
OPTIMISTIC_LOCKING_CODE = 1
VALUE_TOO_LONG_CODE = 10002


class RestError(Exception):
    """An answer other than success. `extra` holds further fields of the body (`details` of a parse error ...)."""

    def __init__(
        self, status: int, type: str, message: str, code: int | None = None, extra: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.type = type
        self.message = message
        self.code = code
        self.extra = extra or {}

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        return {"type": self.type, "message": self.message, "code": self.code, **self.extra}


def invalid_request(message: str, status: int = 400, code: int | None = None) -> RestError:
    """The request itself is wrong, or names something that does not exist (404)."""
    return RestError(status, "InvalidRequestException", message, code)


def not_found(message: str) -> RestError:
    """The addressed thing does not exist: 404 InvalidRequestException."""
    return invalid_request(message, 404)


def rest_exception(message: str, status: int = 500, code: int | None = GENERIC_CODE) -> RestError:
    """The engine refused the operation and the REST layer says which one: RestException."""
    return RestError(status, "RestException", message, code)


def bad_user_request(message: str) -> RestError:
    """The engine found the query or command malformed: 400 BadUserRequestException."""
    return RestError(400, "BadUserRequestException", message, GENERIC_CODE)


def null_value(message: str) -> RestError:
    """Something that must be there is null or unknown: 500 NullValueException."""
    return RestError(500, "NullValueException", message, GENERIC_CODE)


def engine_error(message: str, type: str = "ProcessEngineException", status: int = 500) -> RestError:
    """The engine failed for a reason that has no status of its own: 500."""
    return RestError(status, type, message, GENERIC_CODE)


def parse_error(message: str, details: dict[str, Any]) -> RestError:
    """A deployed model cannot be used: 400 ParseException with Camunda's per-resource report of problems."""
    return RestError(400, "ParseException", message, GENERIC_CODE, {"details": details})


def unavailable(message: str) -> RestError:
    """A part of the server that this answer needs does not answer itself: 503, so that clients try again."""
    return RestError(503, "ProcessEngineException", message, GENERIC_CODE)


def not_implemented(message: str) -> RestError:
    """An operation of Camunda's API that this server does not have: 501, never an invented answer."""
    return RestError(501, "NotImplementedException", message)
