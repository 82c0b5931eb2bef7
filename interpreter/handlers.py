"""What each command does, and when it is rejected.

A pair of functions per command: `_check_x(definition, state, command) -> Rejection | None` reads only; `_do_x(m,
command)` emits and pushes transitions. Rejections are sentences "Expected ... but ...".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from interpreter import (
    catching,
    compensation,
    data,
    jobs,
    lifecycle,
    listeners,
    propagation,
    reported,
    task_commands,
    task_listeners,
    variables,
    work_control,
)
from interpreter import commands as c
from interpreter import events as ev
from interpreter.codec import encode_value
from interpreter.commands import Command, Rejection
from interpreter.definition import Definition
from interpreter.elements import ad_hoc_sub_process, user_task
from interpreter.elements.sub_process import held_entry
from interpreter.elements.table import bind
from interpreter.failures import BpmnError, Failure
from interpreter.features import COMPENSATION_STOPS_AT_CALLS
from interpreter.machine import Machine
from interpreter.state import State
from interpreter.triggers.error import ErrorSpec
from interpreter.triggers.escalation import EscalationSpec
from interpreter.waits import (
    ASYNC_KINDS,
    ChildWait,
    ExternalTaskWait,
    JobWait,
    MessageWait,
    OpenWait,
    SignalWait,
    TimerWait,
    UserTaskWait,
    Wait,
)

Check = Callable[[Definition, State, Any], Rejection | None]
Do = Callable[[Machine, Any], None]


def check(definition: Definition, state: State, command: Command, target: Definition | None = None) -> Rejection | None:
    """The Rejection of `command` in this state, if any."""
    entry = HANDLERS.get(type(command))
    if entry is None:
        raise TypeError(f"Expected a command but it was {type(command).__name__}.")
    if not definition.bound:
        bind(definition)
    starting = type(command) is c.StartInstance
    if starting:
        if state.started:
            return Rejection("invalid", f"Expected an instance that has not started but {state.instance_id!r} has.")
    elif not state.started:
        return Rejection("not_found", "Expected an instance that has started but it has not.")
    elif state.ended and not reported.is_for_one_that_ended(state, command):
        return Rejection("ended", f"Expected a running instance but {state.instance_id!r} has ended.")
    if state.started and state.definition_hash != definition.hash:
        return Rejection("invalid", "Expected the definition that the instance runs on but it was another.")
    if state.suspended and type(command) not in WHILE_SUSPENDED:
        return Rejection("suspended", f"Expected an active instance but {state.instance_id!r} is suspended.")
    if type(command) is c.MigrateInstance:
        from interpreter import migration

        return migration.check(definition, state, command, target)
    return entry[0](definition, state, command)


def carry_out(m: Machine, command: Command, target: Definition | None = None) -> None:
    """Do what was checked."""
    parked = m.unpark()
    if type(command) is c.MigrateInstance:
        from interpreter import migration

        assert target is not None
        migration.migrate(m, command, target)
    else:
        HANDLERS[type(command)][1](m, command)
    # What was parked goes first: a scope that only waits for it must not be taken for empty.
    m.stack.extend(parked)


# -- start


def _check_start(definition: Definition, state: State, command: c.StartInstance) -> Rejection | None:
    if not command.instance_id:
        return Rejection("invalid", "Expected an instance id but it was empty.")
    if command.instructions:
        from interpreter import modification

        return modification.check_instructions(definition, None, command.instructions)
    if command.start_node is not None:
        node = definition.nodes.get(command.start_node)
        if node is None or node.scope != definition.process_id:
            return Rejection("not_found", f"Expected a start node of the process but it was {command.start_node!r}.")
    elif (
        not command.compensation
        and not any(s.type == "none" for s in definition.starts)
        and any(definition.nodes[n].kind == "startEvent" for n in definition.root.children)
    ):
        return Rejection(
            "invalid",
            f"Expected a none start event in process {definition.process_id!r} but it has only others: "
            + ", ".join(repr(s.node) for s in definition.starts),
        )
    return None


def _do_start(m: Machine, command: c.StartInstance) -> None:
    definition = m.definition
    start_node = command.start_node
    m.emit(
        ev.InstanceStarted(
            command.instance_id,
            definition.process_id,
            definition.hash,
            command.business_key,
            start_node if start_node is not None or command.compensation or command.instructions else held_entry(m),
            command.initiator,
            command.tenant,
            command.parent_id,
            command.root_id,
        )
    )
    variables.set_all(m, 1, command.variables, local=True)
    work_control.begin_held(m, command.suspended_jobs)
    starts = (
        [definition.nodes[start_node]] if start_node is not None else [m.nodes[s] for s in definition.root.start_events]
    )
    for node in starts:
        initiator = node.headers.get("initiator")
        if initiator and (start_node is not None or not node.triggers):
            variables.set_local(m, 1, initiator, command.initiator)
    m.changes.clear()  # conditional events are subscribed after this and look at their conditions then
    if command.instructions:
        from interpreter import modification

        m.note(1, instructed=True)
        m.push("enter", 1)
        modification.start_by_instructions(m, command.instructions)
        return
    if command.compensation:
        compensation.undo_instance(m, command.compensation)
        return
    if command.parent_id is not None and "*" not in command.caught:
        m.note(1, caught=list(command.caught))
    if start_node is not None:
        m.note(1, start=start_node, **({"trigger": command.start_trigger} if command.start_trigger else {}))
    m.push("enter", 1)


# -- waits


def _find(state: State, key: int) -> Wait | Rejection:
    wait = state.waits.get(key)
    if wait is None:
        if 0 < key < state.counter:
            return Rejection("already_closed", f"Expected an open wait {key} but it is closed.")
        return Rejection("not_found", f"Expected an open wait {key} but there is none.")
    return wait


def _check_wait(*kinds: type[Any]) -> Check:
    names = ", ".join(k.__name__ for k in kinds)

    def check_wait(definition: Definition, state: State, command: Any) -> Rejection | None:
        wait = _find(state, command.wait)
        if isinstance(wait, Rejection):
            return wait
        if not isinstance(wait, kinds):
            return Rejection(
                "invalid", f"Expected a wait of kind {names} but wait {command.wait} is {type(wait).__name__}."
            )
        return None

    return check_wait


def _do_complete(m: Machine, command: c.CompleteWait) -> None:
    wait = m.state.waits[command.wait]
    if isinstance(wait, JobWait) and wait.kind in ASYNC_KINDS:
        lifecycle.async_done(m, wait)
        return
    element = m.state.elements[wait.element]
    node = m.nodes[wait.node]
    if isinstance(wait, JobWait) and wait.kind == "listener":
        if "position" in wait.headers:
            _guarded(m, wait, lambda: task_listeners.job_done(m, wait, command))
            return
        listeners.take_values(m, wait, command.variables)
        m.close_wait(wait.key)
        listeners.job_done(m, wait)
        return
    if isinstance(wait, JobWait) and wait.kind == data.READ:
        data.take_stores(m, element, wait, command.result)
        return
    depth = len(m.stack)
    try:
        if isinstance(wait, ExternalTaskWait):
            error = _external_completion(m, wait, command)
            if error is not None:
                m.close_wait(wait.key, "error")
                propagation.throw_error(m, element.key, error)
                return
            command = replace(command, variables={}, local_variables={})
        node.behavior.wait_done(m, element, node, wait, command)
    except BpmnError as error:
        del m.stack[depth:]
        m.close_wait(wait.key, "error")
        propagation.throw_error(m, element.key, error)
        return
    except Failure as failure:
        # The result cannot be taken: the work is to be done again (or the data put right) and then completed once more.
        del m.stack[depth:]
        m.raise_incident(failure.type, failure.message, element.key, node.id, wait=wait.key, details=failure.details)
        return
    if wait.key in m.state.waits and not (isinstance(wait, UserTaskWait) and task_listeners.is_busy(m.state, wait)):
        m.close_wait(wait.key)


def _external_completion(m: Machine, wait: ExternalTaskWait, command: c.CompleteWait) -> BpmnError | None:
    """Camunda: variables first, then the error rules of the task."""
    element = m.state.elements[wait.element]
    node = m.nodes[wait.node]
    jobs.accept(m, element, node, command.variables, command.local_variables)
    work = jobs.work_of(node)
    if work is None or not work.error_rules:
        return None
    return jobs.broken_rule(m, element, work, {"externalTask": jobs.external_task(wait)}, lenient=False)


def _do_fail(m: Machine, command: c.FailWait) -> None:
    wait = m.state.waits[command.wait]
    element = m.state.elements[wait.element]
    node = m.nodes[wait.node]
    if command.variables:
        variables.set_all(m, element.key, command.variables)
    if isinstance(wait, ExternalTaskWait):
        work = jobs.work_of(node)
        if work is not None and work.error_rules:
            seen = jobs.external_task(replace(wait, retries=command.retries), command.message, command.details)
            error = jobs.broken_rule(m, element, work, {"externalTask": seen}, lenient=True)
            if error is not None:
                m.close_wait(wait.key, "error")
                propagation.throw_error(m, element.key, error)
                return
    retries = max(command.retries, 0)
    if isinstance(wait, JobWait):
        m.emit(ev.WaitChanged(replace(wait, retries=retries, due=command.retry_at), command.message))
    elif isinstance(wait, ExternalTaskWait):
        m.emit(ev.WaitChanged(replace(wait, retries=retries), command.message))
    if retries == 0 and not _has_incident(m.state, wait):
        m.raise_incident(
            "failedExternalTask" if isinstance(wait, ExternalTaskWait) else "failedJob",
            command.message,
            wait.element,
            wait.node,
            wait=wait.key,
            details=command.details,
        )


def _has_incident(state: State, wait: Wait) -> bool:
    return any(state.incidents[i].wait == wait.key for i in state.incidents_by_element.get(wait.element, ()))


def _do_throw_error(m: Machine, command: c.ThrowBpmnError) -> None:
    wait = m.state.waits[command.wait]
    error = BpmnError(command.code, command.message)
    element = m.state.elements[wait.element]
    if isinstance(wait, JobWait) and wait.kind in ASYNC_KINDS:
        _fail_uncaught(m, wait, error)
        return
    if command.variables:
        variables.set_all(m, element.key, command.variables, local=m.nodes[wait.node].local_results)
    catcher = propagation.find_catcher(m, element.key, ErrorSpec, command.code)
    if catcher is not None:
        m.close_wait(wait.key, "error")
        propagation.catch_error(m, catcher, error, command.variables if catcher.node.local_results else None)
    elif isinstance(wait, JobWait) and wait.kind == "listener":
        _fail_uncaught(m, wait, error)
    elif m.state.parent_id is not None or m.state.has(propagation.UNCAUGHT_ERROR_ENDS_PATH):
        m.close_wait(wait.key, "error")
        propagation.uncaught_error(m, element.key, error)
    else:
        _fail_uncaught(m, wait, error)


def _fail_uncaught(m: Machine, wait: Wait, error: BpmnError) -> None:
    if not _has_incident(m.state, wait):
        m.raise_incident(
            "unhandledError",
            f"Expected a catcher for BPMN error {error.code!r} but there was none"
            + (f": {error.message}" if error.message else "."),
            wait.element,
            wait.node,
            wait=wait.key,
        )


def _check_escalation(definition: Definition, state: State, command: c.ThrowEscalation) -> Rejection | None:
    rejection = _check_wait(JobWait, UserTaskWait, ExternalTaskWait)(definition, state, command)
    if rejection is not None:
        return rejection
    m = Machine(definition, state, command.now)
    element = state.waits[command.wait].element
    if propagation.find_catcher(m, element, EscalationSpec, command.code) is None and state.parent_id is None:
        return Rejection("invalid", f"Expected a catcher for escalation {command.code!r} but there was none.")
    return None


def _do_throw_escalation(m: Machine, command: c.ThrowEscalation) -> None:
    wait = m.state.waits[command.wait]
    if command.variables:
        variables.set_all(m, wait.element, command.variables)
    propagation.throw_escalation(m, wait.element, command.code)


def _do_fire_timer(m: Machine, command: c.FireTimer) -> None:
    wait = m.state.waits[command.wait]
    assert isinstance(wait, TimerWait)
    if user_task.is_timeout(wait):
        user_task.timed_out(m, wait)
        return
    _guarded(m, wait, lambda: catching.fire(m, wait))


def _do_trigger(m: Machine, command: c.TriggerEvent) -> None:
    wait = m.state.waits[command.wait]
    _guarded(
        m,
        wait,
        lambda: catching.fire(m, wait, command.variables, command.local_variables, command.triggered_scope_variables),
    )


def _guarded(m: Machine, wait: Wait, action: Callable[[], None]) -> None:
    """Carry out what a trigger does; what is wrong with its data is an incident about the wait, which stays."""
    depth = len(m.stack)
    try:
        action()
    except Failure as failure:
        del m.stack[depth:]
        element = wait.element if wait.element in m.state.elements else 1
        m.raise_incident(
            failure.type,
            failure.message,
            element,
            wait.node,
            wait=wait.key if wait.key in m.state.waits else None,
            details=failure.details,
        )


# -- children


def _do_complete_child(m: Machine, command: c.CompleteChild) -> None:
    wait = m.state.waits[command.wait]
    element = m.state.elements[wait.element]
    node = m.nodes[wait.node]

    def ended() -> None:
        if element.multi == "compensation":
            m.close_wait(wait.key)
            compensation.scope_done(m, element)
        elif command.outcome == "completed":
            if command.compensation and not m.state.has(COMPENSATION_STOPS_AT_CALLS):
                assert isinstance(wait, ChildWait)
                compensation.keep_child(m, element, wait, command)
            node.behavior.child_completed(m, element, node, dict(command.variables))
            m.close_wait(wait.key)
        elif command.outcome == "error":
            node.behavior.bring_back(m, element, node, dict(command.variables))
            error = BpmnError(command.code or "", command.message)
            catcher = propagation.find_catcher(m, element.key, ErrorSpec, command.code)
            if catcher is not None:
                m.close_wait(wait.key, "error")
                propagation.catch_error(m, catcher, error)
            elif m.state.parent_id is not None or m.state.has(propagation.UNCAUGHT_ERROR_ENDS_PATH):
                m.close_wait(wait.key, "error")
                propagation.uncaught_error(m, element.key, error)
            else:
                _fail_uncaught(m, wait, error)
        else:
            m.close_wait(wait.key, "cancelled")
            scope = m.state.elements[element.scope]
            lifecycle.terminate(m, element, "cancelled")
            lifecycle.look_at_scope(m, scope)

    _guarded(m, wait, ended)


_ESCALATIONS = "escalations"
"""Data of a call activity: what its called instance threw while the caller was suspended, in order."""


def _do_escalate_from_child(m: Machine, command: c.EscalateFromChild) -> None:
    """A suspended caller does not go on, but the called instance says it only once: it is kept."""
    wait = m.state.waits[command.wait]
    if m.state.suspended:
        kept: Any = (m.state.elements[wait.element].data or {}).get(_ESCALATIONS) or []
        thrown = [wait.element, wait.key, command.code, {n: encode_value(v) for n, v in command.variables.items()}]
        m.note(wait.element, **{_ESCALATIONS: [*kept, thrown]})
        return
    propagation.throw_escalation(m, wait.element, command.code, command.variables)


# -- variables, incidents, waits from outside


def _check_element(definition: Definition, state: State, command: Any) -> Rejection | None:
    if command.element is not None and command.element not in state.elements:
        return Rejection("not_found", f"Expected a running element instance {command.element} but there is none.")
    return None


def _do_set_variables(m: Machine, command: c.SetVariables) -> None:
    element = 1 if command.element is None else command.element
    variables.set_all(m, element, command.variables, local=command.local)
    for name in command.removals:
        variables.remove(m, element, name, local=command.local)
    if command.local and m.nodes[m.state.elements[element].node].kind == "userTask":
        task_listeners.variables_changed(m, m.state.elements[element])


def _check_incident(definition: Definition, state: State, command: c.ResolveIncident) -> Rejection | None:
    if command.incident not in state.incidents:
        return Rejection("not_found", f"Expected an open incident {command.incident} but there is none.")
    return None


def _do_resolve(m: Machine, command: c.ResolveIncident) -> None:
    incident = m.state.incidents[command.incident]
    m.emit(ev.IncidentResolved(incident.key))
    if incident.wait is not None and incident.wait in m.state.waits:
        wait = m.state.waits[incident.wait]
        if isinstance(wait, JobWait | ExternalTaskWait):
            changes: dict[str, Any] = {"retries": max(1, command.retries)}
            if isinstance(wait, JobWait):
                changes["due"] = None
                changes["headers"] = jobs.headers_for_another_try(m, wait)
            m.emit(ev.WaitChanged(replace(wait, **changes)))
        else:
            m.emit(ev.WaitChanged(wait))
    elif incident.resume:
        m.stack.append(tuple(incident.resume))


def _check_change(definition: Definition, state: State, command: c.ChangeWait) -> Rejection | None:
    wait = _find(state, command.wait)
    if isinstance(wait, Rejection):
        return wait
    return work_control.check_change(definition, state, wait, command)


def _do_change(m: Machine, command: c.ChangeWait) -> None:
    _guarded(m, m.state.waits[command.wait], lambda: work_control.change(m, command))


# -- the instance


def _check_complete(definition: Definition, state: State, command: c.CompleteWait) -> Rejection | None:
    refused = _check_wait(*WORKABLE, OpenWait)(definition, state, command)
    return refused or task_commands.check_place(state, command) or task_commands.check_rest(state, command.wait)


def _check_change_task(definition: Definition, state: State, command: c.ChangeTask) -> Rejection | None:
    return _check_wait(UserTaskWait)(definition, state, command) or task_commands.check_change(state, command)


def _check_nothing(definition: Definition, state: State, command: Any) -> Rejection | None:
    return None


def _do_cancel(m: Machine, command: c.CancelInstance) -> None:
    if m.state.ended:
        reported.give_up(m)
        return
    m.skip_listeners = command.skip_listeners
    m.skip_outputs = command.skip_output_mappings
    propagation.end_instance(m, "cancelled", reason=command.reason)


def _check_suspend(definition: Definition, state: State, command: c.SuspendInstance) -> Rejection | None:
    return None


def _do_suspend(m: Machine, command: c.SuspendInstance) -> None:
    if not m.state.suspended:
        m.budget = 0  # what is parked stays parked
        m.emit(ev.InstanceSuspended())


def _do_resume(m: Machine, command: c.ResumeInstance) -> None:
    if m.state.suspended:
        m.emit(ev.InstanceResumed())
        _escalate_what_was_kept(m)


def _escalate_what_was_kept(m: Machine) -> None:
    kept: list[Any] = []
    for element in list(m.state.elements.values()):
        thrown = (element.data or {}).get(_ESCALATIONS)
        if thrown:
            kept += thrown
            m.note(element.key, **{_ESCALATIONS: []})
    m.stack.extend(("escalate", *escalation) for escalation in reversed(kept))


def _check_modify(definition: Definition, state: State, command: c.ModifyInstance) -> Rejection | None:
    from interpreter import modification

    return modification.check_instructions(definition, state, command.instructions)


def _do_modify(m: Machine, command: c.ModifyInstance) -> None:
    from interpreter import modification

    modification.modify(m, command)


def _do_continue(m: Machine, command: c.Continue) -> None:
    """Nothing but what was parked."""


def _check_migrate(definition: Definition, state: State, command: Any) -> Rejection | None:
    raise AssertionError("migration is checked with its target")


def _do_migrate(m: Machine, command: Any) -> None:
    raise AssertionError("migration is done with its target")


WORKABLE = (JobWait, UserTaskWait, ExternalTaskWait)

HANDLERS: dict[type, tuple[Check, Do]] = {
    c.StartInstance: (_check_start, _do_start),
    c.CompleteWait: (_check_complete, _do_complete),
    c.FailWait: (_check_wait(JobWait, ExternalTaskWait, ChildWait, TimerWait), _do_fail),
    c.ThrowBpmnError: (_check_wait(*WORKABLE), _do_throw_error),
    c.ThrowEscalation: (_check_escalation, _do_throw_escalation),
    c.FireTimer: (_check_wait(TimerWait), _do_fire_timer),
    c.TriggerEvent: (_check_wait(MessageWait, SignalWait), _do_trigger),
    c.CompleteChild: (_check_wait(ChildWait), _do_complete_child),
    c.EscalateFromChild: (_check_wait(ChildWait), _do_escalate_from_child),
    c.SetVariables: (_check_element, _do_set_variables),
    c.CancelInstance: (_check_nothing, _do_cancel),
    c.SuspendInstance: (_check_suspend, _do_suspend),
    c.ResumeInstance: (_check_nothing, _do_resume),
    c.ModifyInstance: (_check_modify, _do_modify),
    c.MigrateInstance: (_check_migrate, _do_migrate),
    c.ResolveIncident: (_check_incident, _do_resolve),
    c.ReportIncident: (_check_element, reported.report),
    c.FailEffect: (_check_nothing, reported.fail_effect),
    c.ChangeWait: (_check_change, _do_change),
    c.SuspendJobs: (work_control.check_suspension, work_control.suspend_jobs),
    c.ChangeTask: (_check_change_task, task_commands.change),
    c.ActivateAdHoc: (ad_hoc_sub_process.check_activation, ad_hoc_sub_process.activate),
    c.Continue: (_check_nothing, _do_continue),
}

WHILE_SUSPENDED = frozenset(
    {
        c.StartInstance,
        c.CancelInstance,
        c.SuspendInstance,
        c.ResumeInstance,
        c.ChangeWait,
        c.SuspendJobs,
        c.SetVariables,
        c.FailWait,
        c.EscalateFromChild,
        c.FailEffect,
        c.ReportIncident,
        c.ModifyInstance,
        c.MigrateInstance,
    }
)
