"""The built-in functions of FEEL, in files by chapter of the standard (DMN 1.5, 10.3.4)."""

from __future__ import annotations

from collections.abc import Mapping

from . import boolean, camunda, context, conversion, lists, numeric, ranges, statistics, strings, temporal
from .signature import Builtin, Library

_CHAPTERS = (conversion, boolean, strings, numeric, lists, statistics, context, temporal, ranges)

STANDARD_BUILTINS: Mapping[str, Builtin] = {
    name: function for chapter in _CHAPTERS for name, function in chapter.library.builtins.items()
}
CAMUNDA_BUILTINS: Mapping[str, Builtin] = camunda.library.builtins

__all__ = ["CAMUNDA_BUILTINS", "STANDARD_BUILTINS", "Builtin", "Library"]
