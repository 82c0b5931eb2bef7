"""Dialects: the standard one, and FEEL as Camunda 8 users know it. A difference is one field here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .builtins import CAMUNDA_BUILTINS, STANDARD_BUILTINS, Builtin


@dataclass(frozen=True, slots=True)
class Dialect:
    """builtins: the functions in scope.
    backticks: names may be quoted as `a b`.
    exact_times: `=` looks at fractions of a second (the standard compares the properties, which are whole seconds).
    last_key_wins: of equal keys in a context the last one counts (the standard says null).
    """

    name: str
    builtins: Mapping[str, Builtin]
    backticks: bool = False
    exact_times: bool = False
    last_key_wins: bool = False


SPEC = Dialect("spec", STANDARD_BUILTINS)
CAMUNDA = Dialect("camunda", {**STANDARD_BUILTINS, **CAMUNDA_BUILTINS}, True, True, True)

DIALECTS: Mapping[str, Dialect] = {"spec": SPEC, "camunda": CAMUNDA}
