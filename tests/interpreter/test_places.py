"""Who completes a wait may say at which node he saw it: rows of a step that was lost may have shown another one."""

from __future__ import annotations

from interpreter.bpmn.builder import bpmn
from interpreter.bpmn.compile import compile_all
from interpreter.bpmn.document import parse_bpmn
from interpreter.commands import CompleteWait, Rejection, StartInstance
from interpreter.state import State
from interpreter.step import new_state, step
from interpreter.waits import UserTaskWait


def test_a_wait_of_the_same_key_at_another_node_is_refused() -> None:
    (definition,) = compile_all(parse_bpmn(bpmn("p").start().user_task("a").user_task("b").end().xml()), "c7")
    state = new_state(definition)
    step(definition, state, StartInstance(now=1, instance_id="i"))
    (wait,) = _tasks(state)
    refused = step(definition, state, CompleteWait(now=2, wait=wait.key, node="b"))
    assert refused == Rejection("not_found", f"Expected wait {wait.key} at 'b' but it is at 'a'.")
    step(definition, state, CompleteWait(now=3, wait=wait.key, node="a"))
    (following,) = _tasks(state)
    step(definition, state, CompleteWait(now=4, wait=following.key))
    assert state.ended


def _tasks(state: State) -> list[UserTaskWait]:
    return [wait for wait in state.waits.values() if isinstance(wait, UserTaskWait)]
