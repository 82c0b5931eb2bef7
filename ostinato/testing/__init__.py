"""Test processes without a server, in microseconds: `run` a model, do its work by name, assert the trace.

    from ostinato.testing import bpmn, run

    def test_approval():
        order = run(bpmn("order").start().user_task("approve").exclusive("ok").when("= approved").end("yes")
                    .otherwise().end("no"))
        order.complete("approve", approved=True)
        assert order.ended
        assert order.trace("+") == "+start +approve +ok +yes"

Trace: `+` activated, `-` completed, `x` terminated, `>` flow taken, `?` wait opened, `!` wait closed, `#` incident.
Everything is loaded on first use: importing this module imports no other room.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

_EXPORTS: Final[dict[str, str]] = {
    "Run": "ostinato.testing.world",
    "World": "ostinato.testing.world",
    "run": "ostinato.testing.world",
    "Coverage": "ostinato.testing.coverage",
    "bpmn": "interpreter.bpmn.builder",
    "el": "interpreter.bpmn.builder",
    **{
        name: "interpreter.bpmn.parts"
        for name in (
            "cancel",
            "compensation",
            "condition",
            "error",
            "escalation",
            "link",
            "loop",
            "message",
            "multi",
            "signal",
            "terminate",
            "timer",
        )
    },
}

__all__ = sorted(_EXPORTS)  # pyright: ignore[reportUnsupportedDunderAll] the table is the truth

if TYPE_CHECKING:
    from ostinato.testing.coverage import Coverage as Coverage
    from ostinato.testing.world import Run as Run
    from ostinato.testing.world import World as World
    from ostinato.testing.world import run as run


def __getattr__(name: str) -> Any:
    module = _EXPORTS.get(name)
    if module is None:
        raise AttributeError(f"module 'ostinato.testing' has no attribute {name!r}")
    value = getattr(import_module(module), name)
    globals()[name] = value
    return value
