"""Ostinato: a BPMN 2.0 engine on Temporal. The front door and the only name that user code imports.

`from ostinato import Client, Worker, task, BpmnError` is the SDK; `python -m ostinato` and the `ostinato` command are
the CLI. Exports are loaded on first use, so that importing the package costs nothing, and nothing that is exported
here imports another room: a user's own `worker.py` or `api/` neither shadows ours nor is shadowed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

#: Exported name -> module that defines it.
_EXPORTS: Final[dict[str, str]] = {
    "BpmnError": "ostinato.errors",
    "OstinatoError": "ostinato.errors",
    "UserError": "ostinato.errors",
    "Client": "ostinato.client",
    "Worker": "ostinato.worker",
    "task": "ostinato.worker",
}

__all__ = ["BpmnError", "Client", "OstinatoError", "UserError", "Worker", "__version__", "task"]

if TYPE_CHECKING:
    __version__: str

    from ostinato.client import Client
    from ostinato.errors import BpmnError, OstinatoError, UserError
    from ostinato.worker import Worker, task


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return _version()
    module = _EXPORTS.get(name)
    if module is None:
        raise AttributeError(f"module 'ostinato' has no attribute {name!r}")
    value = getattr(import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("ostinato")
    except PackageNotFoundError:  # a source tree that was never installed
        return "0+unknown"
