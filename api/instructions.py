"""Modification instructions on the wire to those of the engine: start, modification, restart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from api.bodies import ModificationInstructionBody
from api.errors import RestError, invalid_request
from api.variables import read_variables
from interpreter.commands import ModificationInstruction, Variables
from interpreter.ids import split

_STARTS: Final = ("startBeforeActivity", "startAfterActivity", "startTransition")
MAX_INSTRUCTIONS: Final = 1000


def read_instructions(
    instructions: Sequence[ModificationInstructionBody] | None, *, only_starts: bool = False
) -> tuple[ModificationInstruction, ...]:
    """The engine's instructions. RestError 400 when one lacks what its type needs or has what contradicts it."""
    given = instructions or []
    if len(given) > MAX_INSTRUCTIONS:
        raise invalid_request(f"Expected at most {MAX_INSTRUCTIONS} instructions but there are {len(given)}.")
    return tuple(_read(index, instruction, only_starts) for index, instruction in enumerate(given))


def _read(index: int, body: ModificationInstructionBody, only_starts: bool) -> ModificationInstruction:
    where = f"instructions[{index}]"
    if body.type not in _STARTS and (body.type != "cancel" or only_starts):
        allowed = ", ".join(_STARTS if only_starts else (*_STARTS, "cancel"))
        raise invalid_request(f"Expected the type of {where} to be one of {allowed} but it was {body.type}.")
    if body.type == "cancel":
        return _read_cancel(where, body)
    everywhere, local = _split_variables(body.variables, f"{where}.variables")
    ancestor = _element(body.ancestorActivityInstanceId, f"{where}.ancestorActivityInstanceId")
    if body.type == "startTransition":
        if not body.transitionId or body.activityId:
            raise _contradiction(where, body.type, "'transitionId' and no 'activityId'")
        return ModificationInstruction(
            body.type, flow=body.transitionId, ancestor=ancestor, variables=everywhere, local_variables=local
        )
    if not body.activityId or body.transitionId:
        raise _contradiction(where, body.type, "'activityId' and no 'transitionId'")
    return ModificationInstruction(
        body.type, node=body.activityId, ancestor=ancestor, variables=everywhere, local_variables=local
    )


def _read_cancel(where: str, body: ModificationInstructionBody) -> ModificationInstruction:
    given = [name for name in (body.activityId, body.activityInstanceId, body.transitionInstanceId) if name]
    if len(given) != 1:
        raise _contradiction(
            where, "cancel", "exactly one of 'activityId', 'activityInstanceId', 'transitionInstanceId'"
        )
    if body.activityId:
        return ModificationInstruction("cancel", node=body.activityId)
    return ModificationInstruction("cancel", element=_element(given[0], where))


def _element(identifier: str | None, where: str) -> int | None:
    if not identifier:
        return None
    try:
        return split(identifier)[1]
    except ValueError as error:
        raise invalid_request(f"Cannot read {where}: {error}") from error


def _split_variables(data: Mapping[str, Any] | None, field: str) -> tuple[Variables, Variables]:
    """Variables for everywhere and for the new scope only (`local: true`)."""
    local_names = {name for name, dto in (data or {}).items() if isinstance(dto, Mapping) and dto.get("local") is True}
    values = read_variables(data, field)
    return (
        {name: value for name, value in values.items() if name not in local_names},
        {name: value for name, value in values.items() if name in local_names},
    )


def _contradiction(where: str, kind: str, needed: str) -> RestError:
    return invalid_request(f"For instruction type '{kind}': {needed} must be set in {where}.")
