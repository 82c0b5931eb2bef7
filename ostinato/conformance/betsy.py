"""The betsy suite: `betsy-cases.tsv` names models, inputs and the expected trace.

Scripts are placeholders: `SCRIPT_x` goes to the trace; CREATE_LOG_FILE does nothing; CREATE_MARKER_FILE leaves
MARKER_exists; INCREMENT_INTEGER_VARIABLE counts `integerVariable` up (..._AND_LOG: and logs INCREMENT_correct);
SET_STRING_DATA and LOG_DATA write and read the task's data output and input (DATA_correct). Errors are the last
entry: ERROR_deployment, ERROR_runtime, ERROR_thrownErrorEvent, or ERROR for either. The suite lists traces sorted,
also of models without concurrency, so they are compared as multisets.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from interpreter.bpmn.document import BpmnDocument, BpmnParseError, parse_bpmn
from interpreter.definition import FlowNode
from interpreter.elements.reading import CompileError
from interpreter.queries import conditional_starts
from ostinato.conformance.report import Verdict
from ostinato.testing.work import Handler, Job
from ostinato.testing.world import World

DATA = "a string"


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table."""

    test: str
    number: str
    model: str
    expected: tuple[str, ...]
    variables: dict[str, str | int]
    parallel_first: bool
    delay: int

    @property
    def name(self) -> str:
        return f"{self.test}/{self.number}"

    @property
    def is_behaviour(self) -> bool:
        """False for the rows about what must not be deployed at all."""
        return not self.model.startswith("bpmn_constraints/")


def cases(folder: Path) -> Iterator[Case]:
    """The rows of `betsy-cases.tsv` about behaviour."""
    with (folder / "betsy-cases.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            variables: dict[str, str | int] = {}
            if row["input_test"]:
                variables["test"] = row["input_test"]
            if row["integerVariable"]:
                variables["integerVariable"] = int(row["integerVariable"])
            case = Case(
                row["test"],
                row["case"],
                row["model"],
                tuple(row["expected_trace"].split()),
                variables,
                bool(row["start_ParallelProcess_first"]),
                int(row["delay_ms"] or 0),
            )
            if case.is_behaviour:
                yield case


def judge(folder: Path, profile: str = "spec") -> list[Verdict]:
    """Run every behaviour case of the suite; cases whose model is not there are left out."""
    return [run_case(folder, case, profile) for case in cases(folder) if (folder / case.model).exists()]


def run_case(folder: Path, case: Case, profile: str = "spec") -> Verdict:
    """Run one case."""
    expected = " ".join(case.expected)
    note = ""
    try:
        document = parse_bpmn((folder / case.model).read_bytes(), name=case.model)
        actual = trace_of(document, case, profile)
    except (BpmnParseError, CompileError) as error:
        actual, note = ["ERROR_deployment"], str(error)
    passed = agrees(case.expected, actual)
    return Verdict(case.name, passed, expected, " ".join(actual), note)


def trace_of(document: BpmnDocument, case: Case, profile: str) -> list[str]:
    """The trace of a case, errors included."""
    world = World(document, profile=profile, start_subscribers=True)
    world.handlers["script"] = _script(world)
    main = next(p for p in world.definitions if p != "ParallelProcess")
    if case.parallel_first and "ParallelProcess" in world.definitions:
        world.start("ParallelProcess", case.variables)
    definition = world.definitions[main]
    starts = definition.start_events()
    start = None
    if starts and not any(s.type == "none" for s in starts):
        start = starts[0].node
        if starts[0].type == "conditional" and start not in conditional_starts(definition, case.variables, world.now):
            return list(world.log)
    world.start(main, case.variables, start_node=start)
    if case.delay:
        world.advance(case.delay)
    trace = list(world.log)
    for run in world.runs.values():
        for incident in run.state.incidents.values():
            trace.append("ERROR_thrownErrorEvent" if incident.type == "unhandledError" else "ERROR_runtime")
    return trace


def _script(world: World) -> Handler:
    def handle(job: Job) -> dict[str, object]:
        script = str(job.headers.get("script", "")).strip()
        variables = job.variables
        if script.startswith("SCRIPT_"):
            world.log.append(script)
        elif script == "CREATE_MARKER_FILE":
            world.log.append("MARKER_exists")
        elif script.startswith("INCREMENT_INTEGER_VARIABLE"):
            number = int(variables.get("integerVariable") or 0)
            if script.endswith("_AND_LOG"):
                world.log.append("INCREMENT_correct")
            return {"integerVariable": number + 1}
        elif script == "SET_STRING_DATA":
            job.local(**{name: DATA for name in data_names(job.run.definition.nodes[job.node], outputs=True)})
        elif script == "LOG_DATA":
            names = data_names(job.run.definition.nodes[job.node], outputs=False)
            if names and all(variables.get(name) == DATA for name in names):
                world.log.append("DATA_correct")
        return {}

    return handle


def data_names(node: FlowNode, *, outputs: bool) -> list[str]:
    """What the task writes to, or reads from, data objects."""
    associations = node.data_outputs if outputs else node.data_inputs
    names: list[str] = []
    for association in associations:
        names.extend(getattr(association, "sources", ()) if outputs else [getattr(association, "target", "")])
    return names


def agrees(expected: tuple[str, ...], actual: list[str]) -> bool:
    """Whether a trace is the expected one; see the module."""
    wanted = list(expected)
    if wanted == ["ERROR"]:
        return actual[-1:] in (["ERROR_deployment"], ["ERROR_runtime"])
    if "MARKER_exists" not in wanted:
        # A marker is a file that only those cases look for which expect it.
        actual = [entry for entry in actual if entry != "MARKER_exists"]
    return Counter(wanted) == Counter(actual)
