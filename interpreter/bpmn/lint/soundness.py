"""Layer 5, part 1: likely mistakes of control flow: unreachable nodes, deadlocks, missing synchronisation, loops.

The analysis looks at one scope at a time, as a graph of nodes with flows, boundary events (reached from their host) and
links. A join is compared with its immediate dominator, the node that every path to it passes last: if that one chooses
and the join waits for all, the join never completes; if that one forks and the merge does not wait, what follows runs
several times. This finds the common mistakes and says nothing about unstructured graphs.
"""

from __future__ import annotations

from typing import Final

from interpreter.bpmn.lint.flows import condition_of
from interpreter.bpmn.lint.graph import ACTIVITIES, Graph, Scope, described
from interpreter.bpmn.lint.rules import Report

_CHOICES: Final = frozenset({"exclusiveGateway", "eventBasedGateway"})
_START: Final = -1
_BUDGET: Final = 2_000_000
"""Steps along edges that the analysis of one scope may take: a model beyond it is not judged, rather than late."""


def check_soundness(graph: Graph, report: Report) -> None:
    """Findings on control flow."""
    for scope in graph.scopes:
        if scope.node.tag == "adHocSubProcess" or not scope.nodes:
            continue
        _Analysis(graph, report, scope).run()


class _Analysis:
    def __init__(self, graph: Graph, report: Report, scope: Scope) -> None:
        self.graph = graph
        self.report = report
        self.scope = scope
        self.nodes = scope.nodes
        self.number = {node: index for index, node in enumerate(scope.nodes)}
        self.budget = _BUDGET
        self.successors: list[list[int]] = [[] for _ in scope.nodes]
        self.predecessors: list[list[int]] = [[] for _ in scope.nodes]
        for flow in scope.flows:
            source, target = graph.source.get(flow), graph.target.get(flow)
            if source is not None and target is not None and source in self.number and target in self.number:
                self._edge(self.number[source], self.number[target])
        for host in scope.nodes:
            for event in graph.boundaries.get(host, []):
                if event in self.number:
                    self._edge(self.number[host], self.number[event])
        self._links()
        begins = bool(scope.of("startEvent"))
        self.roots = [
            index
            for index, node in enumerate(self.nodes)
            if not self.predecessors[index]
            and (
                node.tag == "startEvent"
                or node.boolean("instantiate")
                or graph.is_event_subprocess(node)
                or graph.is_compensation_handler(node)
                or not begins
            )
        ]

    def _edge(self, source: int, target: int) -> None:
        self.successors[source].append(target)
        self.predecessors[target].append(source)

    def _links(self) -> None:
        catches: dict[str, int] = {}
        for index, node in enumerate(self.nodes):
            if node.tag == "intermediateCatchEvent":
                for definition in self.graph.definitions(node):
                    if definition.tag == "linkEventDefinition" and definition.name:
                        catches.setdefault(definition.name, index)
        for index, node in enumerate(self.nodes):
            if node.tag == "intermediateThrowEvent":
                for definition in self.graph.definitions(node):
                    target = catches.get(definition.name or "") if definition.tag == "linkEventDefinition" else None
                    if target is not None:
                        self._edge(index, target)

    def run(self) -> None:
        order = self._order()
        reached = set(order)
        for index, node in enumerate(self.nodes):
            if index not in reached and node.tag != "boundaryEvent":
                self.report(
                    "mistake-unreachable",
                    node,
                    f"Expected {described(node)} to be reachable but no path leads to it.",
                )
        dominators = self._dominators(order)
        for index in order:
            if self.budget <= 0:
                break
            if len(self.predecessors[index]) > 1:
                self._join(index, dominators, reached)
        self._loops(order)

    def _order(self) -> list[int]:
        """Reverse postorder of what is reachable."""
        finished: list[int] = []
        seen = set(self.roots)
        for root in self.roots:
            stack = [(root, iter(self.successors[root]))]
            while stack:
                index, following = stack[-1]
                for target in following:
                    if target not in seen:
                        seen.add(target)
                        stack.append((target, iter(self.successors[target])))
                        break
                else:
                    finished.append(index)
                    stack.pop()
        return finished[::-1]

    def _dominators(self, order: list[int]) -> dict[int, int]:
        """Immediate dominators (Cooper, Harvey, Kennedy); roots hang under a virtual start."""
        position = {index: place for place, index in enumerate(order)}
        position[_START] = -1
        immediate: dict[int, int] = {_START: _START}
        for root in self.roots:
            immediate[root] = _START
        roots = set(self.roots)
        changed = True
        while changed and self.budget > 0:
            changed = False
            self.budget -= len(order)
            for index in order:
                if index in roots:
                    continue
                known = [p for p in self.predecessors[index] if p in immediate]
                if not known:
                    continue
                best = known[0]
                for other in known[1:]:
                    one, two = best, other
                    while one != two:
                        while position[one] > position[two]:
                            one = immediate[one]
                        while position[two] > position[one]:
                            two = immediate[two]
                    best = one
                if immediate.get(index) != best:
                    immediate[index] = best
                    changed = True
        return immediate

    def _join(self, index: int, dominators: dict[int, int], reached: set[int]) -> None:
        node = self.nodes[index]
        above = dominators.get(index, _START)
        if above == _START or self._in_cycle(index, above):
            return
        split = self.nodes[above]
        incoming = len([p for p in self.predecessors[index] if p in reached])
        if node.tag == "parallelGateway" and split.tag in _CHOICES and incoming > 1:
            self.report(
                "mistake-deadlock",
                node,
                f"Expected parallel branches at {described(node)} but {described(split)} takes only one of them.",
                "It waits for a token that never comes; join with an exclusive gateway.",
                [split],
            )
        forks = split.tag == "parallelGateway" and len(self.graph.outflows(split)) > 1
        implicit = (split.tag in ACTIVITIES or split.tag == "startEvent") and len(
            [flow for flow in self.graph.outflows(split) if condition_of(flow) is None]
        ) > 1
        merges = node.tag == "exclusiveGateway" or node.tag in ACTIVITIES
        if merges and (forks or implicit) and self._branches(above, index) > 1:
            self.report(
                "mistake-no-synchronisation",
                node,
                f"Expected the branches of {described(split)} to be joined before {described(node)} but they are not.",
                "What follows runs once for each branch; join them with a parallel gateway.",
                [split],
            )

    def _branches(self, split: int, join: int) -> int:
        """How many outgoing flows of a fork lead to the merge."""
        return sum(1 for target in self.successors[split] if target == join or join in self._reach(target, split))

    def _reach(self, start: int, without: int) -> set[int]:
        seen = {start}
        stack = [start]
        while stack and self.budget > 0:
            following = self.successors[stack.pop()]
            self.budget -= 1 + len(following)
            for target in following:
                if target not in seen and target != without:
                    seen.add(target)
                    stack.append(target)
        return seen

    def _in_cycle(self, index: int, above: int) -> bool:
        return index in self._reach_after(index, above)

    def _reach_after(self, index: int, above: int) -> set[int]:
        found: set[int] = set()
        for target in self.successors[index]:
            if target != above:
                found |= self._reach(target, above)
        return found

    def _loops(self, order: list[int]) -> None:
        """Cycles of nodes that neither wait nor have a way out."""
        for component in self._components(order):
            if len(component) == 1 and component[0] not in self.successors[component[0]]:
                continue
            inside = set(component)
            out = any(target not in inside for index in component for target in self.successors[index])
            if out:
                continue
            self.report(
                "mistake-endless-loop",
                self.nodes[min(component)],
                f"Expected a way out of the loop at {described(self.nodes[min(component)])} but there is none.",
                "",
                [self.nodes[index] for index in sorted(component)],
            )

    def _components(self, order: list[int]) -> list[list[int]]:
        """Strongly connected components (Tarjan, iterative)."""
        index_of: dict[int, int] = {}
        low: dict[int, int] = {}
        on_stack: set[int] = set()
        stack: list[int] = []
        found: list[list[int]] = []
        for root in order:
            if root in index_of:
                continue
            work = [(root, iter(self.successors[root]))]
            index_of[root] = low[root] = len(index_of)
            stack.append(root)
            on_stack.add(root)
            while work:
                node, following = work[-1]
                for target in following:
                    if target not in index_of:
                        index_of[target] = low[target] = len(index_of)
                        stack.append(target)
                        on_stack.add(target)
                        work.append((target, iter(self.successors[target])))
                        break
                    if target in on_stack:
                        low[node] = min(low[node], index_of[target])
                else:
                    work.pop()
                    if work:
                        parent = work[-1][0]
                        low[parent] = min(low[parent], low[node])
                    if low[node] == index_of[node]:
                        component: list[int] = []
                        while True:
                            member = stack.pop()
                            on_stack.discard(member)
                            component.append(member)
                            if member == node:
                                break
                        found.append(component)
        return found
