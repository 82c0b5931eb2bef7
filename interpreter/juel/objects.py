"""What JUEL can name besides variables: `execution`, `task` and a few functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from interpreter import ids, variables
from interpreter.failures import BpmnError, Failure
from interpreter.juel import operators as op
from interpreter.juel.values import Moment, from_juel, to_juel
from interpreter.waits import UserTaskWait

if TYPE_CHECKING:
    from interpreter.machine import Machine

MISSING: Any = object()


class Environment:
    """What an expression is evaluated against."""

    __slots__ = ("element", "extra", "m")

    def __init__(self, m: Machine, element: int, extra: Mapping[str, Any] | None) -> None:
        self.m = m
        self.element = element
        self.extra = extra

    def name(self, name: str) -> Any:
        """The value of an identifier."""
        extra = self.extra
        if extra is not None and name in extra:
            return to_juel(extra[name])
        value = variables.lookup(self.m.state, self.element, name)
        if value is not variables.MISSING:
            return to_juel(value)
        found = OBJECTS.get(name)
        if found is not None:
            return found(self)
        raise Failure(f"Expected a variable {name!r} but there is none here.", "unresolved")

    def function(self, name: str, arguments: list[Any]) -> Any:
        """Call a function without an object."""
        function = FUNCTIONS.get(name)
        if function is None:
            raise Failure(f"Expected a function that this engine has but it was {name}().")
        try:
            return function(self, *arguments)
        except TypeError:
            raise Failure(f"Expected other arguments for {name}() but there were {len(arguments)}.") from None


class Execution:
    """`execution`: the element instance, seen as Camunda's DelegateExecution."""

    __slots__ = ("environment",)

    def __init__(self, environment: Environment) -> None:
        self.environment = environment

    def call(self, name: str, arguments: list[Any]) -> Any:
        method = EXECUTION.get(name)
        if method is None:
            raise Failure(f"Expected a method of execution that this engine has but it was {name}().")
        try:
            return method(self.environment, *arguments)
        except TypeError:
            raise Failure(f"Expected other arguments for execution.{name}() but there were {len(arguments)}.") from None

    def property(self, name: str) -> Any:
        getter = EXECUTION.get("get" + name[:1].upper() + name[1:])
        if getter is None:
            raise Failure(f"Expected a property of execution that this engine has but it was {name!r}.")
        return getter(self.environment)


class Task(Execution):
    """`task`: the user task of the element instance, seen as Camunda's DelegateTask."""

    __slots__ = ()

    def call(self, name: str, arguments: list[Any]) -> Any:
        method = TASK.get(name)
        if method is None:
            return super().call(name, arguments)
        return method(self.environment, *arguments)

    def property(self, name: str) -> Any:
        getter = TASK.get("get" + name[:1].upper() + name[1:])
        return super().property(name) if getter is None else getter(self.environment)


def _get(env: Environment, name: Any) -> Any:
    value = variables.lookup(env.m.state, env.element, op.text(name))
    return None if value is variables.MISSING else to_juel(value)


def _get_local(env: Environment, name: Any) -> Any:
    return to_juel(env.m.state.elements[env.element].variables.get(op.text(name)))


def _set(env: Environment, name: Any, value: Any, *_: Any) -> None:
    variables.set_variable(env.m, env.element, op.text(name), from_juel(value))


def _set_local(env: Environment, name: Any, value: Any) -> None:
    variables.set_local(env.m, env.element, op.text(name), from_juel(value))


def _has(env: Environment, name: Any) -> bool:
    return variables.lookup(env.m.state, env.element, op.text(name)) is not variables.MISSING


def _has_local(env: Environment, name: Any) -> bool:
    return op.text(name) in env.m.state.elements[env.element].variables


def _remove(env: Environment, name: Any) -> None:
    variables.remove(env.m, env.element, op.text(name))


def _all(env: Environment) -> dict[str, Any]:
    return {k: to_juel(v) for k, v in variables.visible(env.m.state, env.element).items()}


def _id(env: Environment) -> str:
    return ids.element_id(env.m.state.instance_id, env.element)


def _node(env: Environment) -> str:
    return env.m.state.elements[env.element].node


def _throw(env: Environment, code: Any, message: Any = "") -> None:
    raise BpmnError(op.text(code), op.text(message))


def _of(getter: Callable[[Environment], Any]) -> Callable[..., Any]:
    """Tells the type checker what a lambda in a table of methods with any number of arguments is given."""
    return getter


EXECUTION: dict[str, Callable[..., Any]] = {
    "getVariable": _get,
    "getVariableLocal": _get_local,
    "setVariable": _set,
    "setVariableLocal": _set_local,
    "hasVariable": _has,
    "hasVariableLocal": _has_local,
    "removeVariable": _remove,
    "getVariables": _all,
    "getVariablesLocal": _of(
        lambda env: {k: to_juel(v) for k, v in env.m.state.elements[env.element].variables.items()}
    ),
    "getId": _id,
    "getActivityInstanceId": _id,
    "getProcessInstanceId": _of(lambda env: env.m.state.instance_id),
    "getBusinessKey": _of(lambda env: env.m.state.business_key),
    "getProcessBusinessKey": _of(lambda env: env.m.state.business_key),
    "getCurrentActivityId": _node,
    "getCurrentActivityName": _of(lambda env: env.m.nodes[_node(env)].name),
    "getProcessDefinitionId": _of(lambda env: env.m.definition.process_id),
    "getTenantId": _of(lambda env: env.m.state.tenant),
    "throwBpmnError": _throw,
}


def _coming(env: Environment) -> dict[str, Any] | None:
    """The task as it will be when its listeners have run, None when none is running."""
    data = env.m.state.elements[env.element].data
    found = None if data is None else data.get("task")
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _task_property(name: str) -> Callable[[Environment], Any]:
    def get(env: Environment) -> Any:
        coming = _coming(env)
        if coming is not None:
            return coming.get(name)
        for key in env.m.state.elements[env.element].waits:
            wait = env.m.state.waits[key]
            if isinstance(wait, UserTaskWait):
                return getattr(wait, name)
        return None

    return get


def _set_task_property(name: str) -> Callable[..., None]:
    def set_property(env: Environment, value: Any) -> None:
        wanted = int(op.number(value)) if name == "priority" else None if value is None else op.text(value)
        _change(env, name, wanted)

    return set_property


def _add_candidate(name: str) -> Callable[..., None]:
    def add(env: Environment, value: Any) -> None:
        known: list[str] = (_coming(env) or {}).get(name) or []
        _change(env, name, list(dict.fromkeys([*known, op.text(value)])))

    return add


def _change(env: Environment, name: str, value: Any) -> None:
    coming = _coming(env)
    if coming is None:
        raise Failure(f"Expected a task listener to change the {name} of a task but it was something else.")
    env.m.note(env.element, task={**coming, name: value})


TASK: dict[str, Callable[..., Any]] = {
    "getTaskDefinitionKey": _node,
    "getName": _of(lambda env: env.m.nodes[_node(env)].name),
    "getAssignee": _task_property("assignee"),
    "getOwner": _task_property("owner"),
    "getPriority": _task_property("priority"),
    "getDescription": _task_property("description"),
    "getExecution": _of(lambda env: Execution(env)),
    "setName": _set_task_property("name"),
    "setDescription": _set_task_property("description"),
    "setAssignee": _set_task_property("assignee"),
    "setOwner": _set_task_property("owner"),
    "setPriority": _set_task_property("priority"),
    "addCandidateUser": _add_candidate("candidate_users"),
    "addCandidateGroup": _add_candidate("candidate_groups"),
}

OBJECTS: dict[str, Callable[[Environment], Any]] = {
    "execution": Execution,
    "task": Task,
    "processInstanceBusinessKey": lambda env: env.m.state.business_key,
    "businessKey": lambda env: env.m.state.business_key,
    "processInstanceId": lambda env: env.m.state.instance_id,
}

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "now": _of(lambda env: Moment(env.m.now)),
    "dateTime": _of(lambda env: Moment(env.m.now)),
    "currentUser": _of(lambda env: None),
    "currentUserGroups": _of(lambda env: []),
}
