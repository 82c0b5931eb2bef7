"""RE2, seen by the type checker as something that may be anything: the package ships no types."""

from __future__ import annotations

from typing import Any

import re2 as _re2  # pyright: ignore[reportMissingTypeStubs] - there are none

_module: Any = _re2

PatternSyntaxError: type[Exception] = _module.error


def _options() -> Any:
    options = _module.Options()
    options.log_errors = False
    return options


_OPTIONS = _options()


def compile_re2(pattern: str) -> Any:
    """A compiled RE2 pattern: search, fullmatch and finditer, positions in characters. Raises PatternSyntaxError."""
    return _module.compile(pattern, _OPTIONS)
