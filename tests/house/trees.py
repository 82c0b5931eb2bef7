"""Python sources as syntax trees."""

from __future__ import annotations

import ast
import gc
from pathlib import Path


def tree(path: Path) -> ast.Module:
    """The module at `path`.

    The collector rests meanwhile: when it finalizes what earlier tests left (with Python code, deep in the parser),
    CPython 3.11 fails with "AST constructor recursion depth mismatch" (gh-106905).
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    finally:
        if was_enabled:
            gc.enable()
