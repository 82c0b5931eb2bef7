"""Boolean functions (DMN 1.5, 10.3.4.2) and `is` (10.3.4.10)."""

from __future__ import annotations

from typing import Any

from ..kinds import kind_of
from ..run import Run
from ..temporal import FeelDateTime, FeelTime
from ..values import FeelFunction, equals
from .signature import Library

library = Library()


@library.builtin("not(negand: boolean|null)")
def not_(negand: bool | None) -> bool | None:
    return None if negand is None else not negand


@library.builtin("is(value1: any, value2: any)", needs_run=True)
def is_(run: Run, value1: Any, value2: Any) -> bool:
    """The same value of the same kind: no conversion, and times only with the same zone."""
    if isinstance(value1, (FeelTime, FeelDateTime)):
        return kind_of(value1) is kind_of(value2) and value1 == value2
    if isinstance(value1, FeelFunction):
        return value1 is value2
    return equals(value1, value2, run) is True
