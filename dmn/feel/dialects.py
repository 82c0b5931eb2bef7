"""Dialects: the standard one, and FEEL as Camunda 8 users know it. A difference is one field here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .builtins import CAMUNDA_BUILTINS, STANDARD_BUILTINS, Builtin


@dataclass(frozen=True, slots=True)
class Dialect:
    """backticks: names may be quoted as `a b`. builtins: the functions in scope."""

    name: str
    backticks: bool
    builtins: Mapping[str, Builtin]


SPEC = Dialect("spec", False, STANDARD_BUILTINS)
CAMUNDA = Dialect("camunda", True, {**STANDARD_BUILTINS, **CAMUNDA_BUILTINS})

DIALECTS: Mapping[str, Dialect] = {"spec": SPEC, "camunda": CAMUNDA}
