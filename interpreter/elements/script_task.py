"""Script task (BPMN 2.0.2, 10.3.3): FEEL and JUEL run in the engine; a script in another language is a job of kind
"script", which the shell runs sandboxed if its language is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from interpreter import expressions, jobs, lifecycle, variables
from interpreter.definition import Expression, FlowNode, Spec
from interpreter.elements.behavior import Behavior
from interpreter.elements.reading import NULL, declared
from interpreter.waits import JobWait

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader
    from interpreter.machine import Machine
    from interpreter.state import Element
    from interpreter.waits import Wait

IN_ENGINE = ("feel", "juel", "literal", "null")


@dataclass(frozen=True, slots=True)
class ScriptTask(Spec):
    """`work`: a Zeebe script task that is done by a job worker."""

    script: Expression = NULL
    result_variable: str | None = None
    work: jobs.Work | None = None


def read(node: Node, reader: Reader) -> ScriptTask:
    zeebe = node.zeebe("script")
    if zeebe is not None:
        return ScriptTask(reader.zeebe(zeebe.attr("expression")) or Expression("null"), zeebe.attr("resultVariable"))
    if node.zeebe("taskDefinition") is not None:
        return ScriptTask(work=jobs.read_work(node, reader))
    result = node.ext("resultVariable")
    resource = node.ext("resource")
    format_ = node.attr("scriptFormat") or node.attr("scriptLanguage") or ""
    if resource is not None:
        return ScriptTask(Expression(format_.lower() or "resource", resource, "resource"), result)
    child = node.child("script")
    if child is None or not child.text.strip():
        return ScriptTask(Expression("null"), result)
    text = child.text.strip()
    if not format_:
        found = reader.value(text)
        return ScriptTask(Expression("script", text) if found.language == "literal" else found, result)
    return ScriptTask(declared(text, format_), result)


class ScriptTaskBehavior(Behavior):
    def execute(self, m: Machine, element: Element, node: FlowNode) -> None:
        spec = node.spec
        assert isinstance(spec, ScriptTask)
        if spec.work is not None:
            if jobs.begin(m, element, node, spec.work):
                lifecycle.complete(m, element, node)
            return
        script = spec.script
        if script.language in IN_ENGINE:
            value = expressions.evaluate(m, script, element.key)
            if spec.result_variable:
                variables.set_all(m, element.key, {spec.result_variable: value}, local=node.local_results)
            if m.changes:
                m.push("complete", element.key)
            else:
                lifecycle.complete(m, element, node)
            return
        retries, pauses = expressions.retry_cycle(m, node, element.key, node.retry_cycle)
        headers: dict[str, Any] = {"resource": script.text} if script.value == "resource" else {"script": script.text}
        m.open_wait(
            JobWait(
                m.new_key(),
                element.key,
                node.id,
                "script",
                script.language,
                retries,
                pauses,
                expressions.priority(m, node, element.key),
                headers,
            )
        )

    def wait_done(self, m: Machine, element: Element, node: FlowNode, wait: Wait, command: Any) -> None:
        spec = node.spec
        assert isinstance(spec, ScriptTask)
        m.push("complete", element.key)
        if spec.work is not None:
            jobs.done(m, element, node, spec.work, command)
            return
        jobs.accept(m, element, node, command.variables, command.local_variables)
        if spec.result_variable:
            variables.set_all(m, element.key, {spec.result_variable: command.result}, local=node.local_results)
