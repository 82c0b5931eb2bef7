"""Diagram interchange for models without one: a layered left-to-right drawing that modellers can open.

Each scope is drawn by itself: nodes in columns by their longest path from a start (backward flows left out of account),
in rows so that a node's first successor stays in its row. Subprocesses are sized by their content, lanes and pools are
bands around it. Boundary events sit on the lower edge of their host.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from interpreter.bpmn.namespaces import BPMN, BPMNDI, DC, DI, qualified, split
from interpreter.bpmn.xml import XmlElement, sub_element

_EVENTS: Final = frozenset({"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent"})
_GATEWAYS: Final = frozenset(
    {"exclusiveGateway", "inclusiveGateway", "parallelGateway", "complexGateway", "eventBasedGateway"}
)
_SCOPES: Final = frozenset({"subProcess", "transaction", "adHocSubProcess"})
_ACTIVITIES: Final = (
    frozenset(
        {
            *("task", "userTask", "serviceTask", "sendTask", "receiveTask", "scriptTask", "manualTask"),
            *("businessRuleTask", "callActivity"),
        }
    )
    | _SCOPES
)
_NODES: Final = _EVENTS | _GATEWAYS | _ACTIVITIES
_LOOSE: Final = {
    "dataObjectReference": (36, 50),
    "dataStoreReference": (50, 50),
    "textAnnotation": (140, 40),
    "group": (200, 100),
}
_EVENT_SIZE: Final = (36, 36)
_GATEWAY_SIZE: Final = (50, 50)
_TASK_SIZE: Final = (100, 80)
_GAP_X: Final = 60
_GAP_Y: Final = 50
_MARGIN: Final = 40
_HEADER: Final = 30

Box = tuple[int, int, int, int]
Point = tuple[int, int]


@dataclass(slots=True)
class _Drawing:
    """Positions relative to the scope's own corner."""

    boxes: dict[XmlElement, Box] = field(default_factory=dict["XmlElement", Box])
    edges: list[tuple[XmlElement, list[Point]]] = field(default_factory=list[tuple["XmlElement", list[Point]]])
    width: int = 0
    height: int = 0

    def place(self, other: _Drawing, x: int, y: int) -> None:
        for element, (left, top, width, height) in other.boxes.items():
            self.boxes[element] = (left + x, top + y, width, height)
        for element, points in other.edges:
            self.edges.append((element, [(px + x, py + y) for px, py in points]))


def lay_out(root: XmlElement) -> None:
    """Appends diagrams to a ``definitions`` element that has none: one for its collaboration or one per process."""
    processes = {p.get("id"): p for p in root.iterchildren(qualified(BPMN, "process"))}
    collaborations = list(root.iterchildren(qualified(BPMN, "collaboration")))
    number = 0
    for collaboration in collaborations:
        number += 1
        drawing, drawn = _collaboration(collaboration, processes)
        for id in drawn:
            processes.pop(id, None)
        _write(root, collaboration, drawing, number)
    for process in processes.values():
        number += 1
        _write(root, process, _with_lanes(process, _scope(process)), number)


def _local(element: XmlElement) -> str:
    namespace, local = split(element.tag) if isinstance(element.tag, str) else ("", "")
    return local if namespace == BPMN else ""


def _collaboration(
    collaboration: XmlElement, processes: dict[str | None, XmlElement]
) -> tuple[_Drawing, list[str | None]]:
    drawing, drawn = _Drawing(), list[str | None]()
    y, widest = 0, 600
    pools: list[tuple[XmlElement, int, int]] = []
    for participant in collaboration.iterchildren(qualified(BPMN, "participant")):
        process = processes.get(participant.get("processRef"))
        if process is None:
            pools.append((participant, y, 60))
            y += 60 + _GAP_Y
            continue
        drawn.append(process.get("id"))
        inner = _with_lanes(process, _scope(process))
        drawing.place(inner, _HEADER, y)
        widest = max(widest, inner.width + _HEADER)
        pools.append((participant, y, max(inner.height, 120)))
        y += max(inner.height, 120) + _GAP_Y
    for participant, top, height in pools:
        drawing.boxes[participant] = (0, top, widest, height)
    for element, (left, top, width, height) in list(drawing.boxes.items()):
        if _local(element) == "lane":
            drawing.boxes[element] = (left, top, widest - left if left == _HEADER else width, height)
    by_id = {element.get("id"): box for element, box in drawing.boxes.items()}
    for flow in collaboration.iterchildren(qualified(BPMN, "messageFlow")):
        source, target = by_id.get(flow.get("sourceRef")), by_id.get(flow.get("targetRef"))
        if source is not None and target is not None:
            drawing.edges.append((flow, _vertical(source, target)))
    drawing.width, drawing.height = widest, y
    return drawing, drawn


def _with_lanes(process: XmlElement, drawing: _Drawing) -> _Drawing:
    """Lane bands around the rows that :func:`_scope` has kept together."""
    lane_set = next(iter(process.iterchildren(qualified(BPMN, "laneSet"))), None)
    if lane_set is None:
        return drawing
    by_id = {element.get("id"): box for element, box in drawing.boxes.items()}
    lanes = list(lane_set.iterchildren(qualified(BPMN, "lane")))
    top = 0
    shifted = _Drawing()
    shifted.place(drawing, _HEADER, 0)
    for index, lane in enumerate(lanes):
        ids = [(ref.text or "").strip() for ref in lane.iterchildren(qualified(BPMN, "flowNodeRef"))]
        bottoms = [by_id[id][1] + by_id[id][3] for id in ids if id in by_id]
        bottom = max([*bottoms, top + 80]) + _MARGIN // 2
        if index == len(lanes) - 1:
            bottom = max(bottom, drawing.height)
        shifted.boxes[lane] = (0, top, drawing.width + _HEADER, bottom - top)
        top = bottom
    shifted.width, shifted.height = drawing.width + _HEADER, max(top, drawing.height)
    return shifted


def _lane_order(scope: XmlElement) -> dict[str, int]:
    order: dict[str, int] = {}
    for lane_set in scope.iterchildren(qualified(BPMN, "laneSet")):
        for index, lane in enumerate(lane_set.iterchildren(qualified(BPMN, "lane"))):
            for ref in lane.iterchildren(qualified(BPMN, "flowNodeRef")):
                order.setdefault((ref.text or "").strip(), index)
    return order


def _scope(scope: XmlElement) -> _Drawing:
    nodes = {child.get("id") or "": child for child in scope if _local(child) in _NODES}
    boundaries = {child.get("id") or "": child for child in scope if _local(child) == "boundaryEvent"}
    hosts = {id: event.get("attachedToRef") or "" for id, event in boundaries.items()}
    flows = [child for child in scope if _local(child) == "sequenceFlow"]
    successors: dict[str, list[str]] = {id: [] for id in nodes}
    # Flows out of boundary events come last, so that the main path stays in its row.
    for flow in sorted(flows, key=lambda flow: flow.get("sourceRef") in boundaries):
        source, target = flow.get("sourceRef") or "", flow.get("targetRef") or ""
        source = hosts.get(source, source)
        if source in nodes and target in nodes:
            successors[source].append(target)
    for association in scope.iterchildren(qualified(BPMN, "association")):
        source, target = association.get("sourceRef") or "", association.get("targetRef") or ""
        if source in hosts and target in nodes and hosts[source] in nodes:
            successors[hosts[source]].append(target)
    inner = {id: _scope(node) for id, node in nodes.items() if _local(node) in _SCOPES}
    columns = _columns(successors)
    aside = {
        (hosts[flow.get("sourceRef") or ""], flow.get("targetRef") or "")
        for flow in flows
        if flow.get("sourceRef") in boundaries
    }
    rows = _rows(successors, columns, _lane_order(scope), aside)
    sizes = {id: _size(node, inner.get(id)) for id, node in nodes.items()}
    return _draw(scope, nodes, boundaries, hosts, flows, inner, columns, rows, sizes)


def _size(node: XmlElement, inner: _Drawing | None) -> tuple[int, int]:
    local = _local(node)
    if local in _EVENTS:
        return _EVENT_SIZE
    if local in _GATEWAYS:
        return _GATEWAY_SIZE
    if inner is not None:
        return max(inner.width, 140), max(inner.height, 120)
    return _TASK_SIZE


def _columns(successors: dict[str, list[str]]) -> dict[str, int]:
    """Longest path from a source, with flows that close a cycle left out (iterative depth-first search)."""
    state: dict[str, int] = {}
    finished: list[str] = []
    forward: dict[str, list[str]] = {id: [] for id in successors}
    targets = {target for following in successors.values() for target in following}
    for origin in [id for id in successors if id not in targets] + list(successors):
        if origin in state:
            continue
        state[origin] = 1
        stack = [(origin, iter(successors[origin]))]
        while stack:
            id, following = stack[-1]
            for target in following:
                if state.get(target) == 1:
                    continue
                forward[id].append(target)
                if target not in state:
                    state[target] = 1
                    stack.append((target, iter(successors[target])))
                    break
            else:
                state[id] = 2
                finished.append(id)
                stack.pop()
    column = dict.fromkeys(successors, 0)
    for id in reversed(finished):
        for target in forward[id]:
            column[target] = max(column[target], column[id] + 1)
    return column


def _rows(
    successors: dict[str, list[str]], columns: dict[str, int], lanes: dict[str, int], aside: set[tuple[str, str]]
) -> dict[str, tuple[int, int]]:
    """(lane, row) of each node: the parent's row where it is free, else the next free one below."""
    taken: set[tuple[int, int, int]] = set()
    rows: dict[str, tuple[int, int]] = {}
    next_free = dict.fromkeys([*lanes.values(), 0], 0)
    for origin in sorted(successors, key=lambda id: columns[id]):
        stack = [(origin, 0 if not rows else -1)]
        while stack:
            id, wanted = stack.pop()
            if id in rows:
                continue
            lane = lanes.get(id, 0)
            row = next_free[lane] if wanted < 0 else wanted
            while (lane, columns[id], row) in taken:
                row += 1
            taken.add((lane, columns[id], row))
            rows[id] = (lane, row)
            next_free[lane] = max(next_free[lane], row + 1)
            # The first successor that has no place yet goes on in this row, every other begins one of its own.
            first = next(
                (target for target in successors[id] if target not in rows and (id, target) not in aside), None
            )
            for target in reversed(successors[id]):
                if target not in rows:
                    stack.append((target, row if target == first and lanes.get(target, 0) == lane else -1))
    return rows


def _draw(
    scope: XmlElement,
    nodes: dict[str, XmlElement],
    boundaries: dict[str, XmlElement],
    hosts: dict[str, str],
    flows: list[XmlElement],
    inner: dict[str, _Drawing],
    columns: dict[str, int],
    rows: dict[str, tuple[int, int]],
    sizes: dict[str, tuple[int, int]],
) -> _Drawing:
    drawing = _Drawing()
    widths: dict[int, int] = {}
    heights: dict[tuple[int, int], int] = {}
    for id in nodes:
        widths[columns[id]] = max(widths.get(columns[id], 0), sizes[id][0])
        heights[rows[id]] = max(heights.get(rows[id], 80), sizes[id][1])
    lefts, x = dict[int, int](), _MARGIN
    for column in sorted(widths):
        lefts[column] = x
        x += widths[column] + _GAP_X
    tops, y = dict[tuple[int, int], int](), _MARGIN
    for row in sorted(heights):
        tops[row] = y
        y += heights[row] + _GAP_Y
    right = max(x - _GAP_X, _MARGIN)
    for id, node in nodes.items():
        width, height = sizes[id]
        left = lefts[columns[id]] + (widths[columns[id]] - width) // 2
        top = tops[rows[id]] + (heights[rows[id]] - height) // 2
        drawing.boxes[node] = (left, top, width, height)
        if id in inner:
            drawing.place(inner[id], left, top)
    counts: dict[str, int] = {}
    for id, event in boundaries.items():
        host = nodes.get(hosts[id])
        if host is None:
            continue
        left, top, width, height = drawing.boxes[host]
        index = counts.get(hosts[id], 0)
        counts[hosts[id]] = index + 1
        drawing.boxes[event] = (left + width - 36 - 18 - (index * 40) % max(width - 40, 1), top + height - 18, 36, 36)
    x = _MARGIN
    for child in scope:
        local = _local(child)
        if local in _LOOSE:
            width, height = _LOOSE[local]
            drawing.boxes[child] = (x, y, width, height)
            x += width + _GAP_X
            right = max(right, x - _GAP_X)
    if x > _MARGIN:
        y += 100
    by_id = {element.get("id"): box for element, box in drawing.boxes.items()}
    for flow in flows:
        source, target = by_id.get(flow.get("sourceRef")), by_id.get(flow.get("targetRef"))
        if source is not None and target is not None:
            drawing.edges.append((flow, _connect(source, target, flow.get("sourceRef") in boundaries)))
    for association in scope.iterchildren(qualified(BPMN, "association")):
        source, target = by_id.get(association.get("sourceRef")), by_id.get(association.get("targetRef"))
        if source is not None and target is not None:
            drawing.edges.append((association, _connect(source, target, association.get("sourceRef") in boundaries)))
    drawing.width, drawing.height = right + _MARGIN, y - _GAP_Y + _MARGIN if nodes else 120
    return drawing


def _connect(source: Box, target: Box, downwards: bool) -> list[Point]:
    sx, sy, sw, sh = source
    tx, ty, tw, th = target
    middle_s, middle_t = sy + sh // 2, ty + th // 2
    if downwards:
        below = (sx + sw // 2, sy + sh)
        if tx >= below[0]:
            return [
                below,
                (below[0], max(middle_t, below[1] + 10)),
                (tx, max(middle_t, below[1] + 10)),
                (tx, middle_t),
            ][: 3 if middle_t >= below[1] + 10 else 4]
        return [below, (below[0], below[1] + 20), (tx + tw // 2, below[1] + 20), (tx + tw // 2, ty + th)]
    if tx >= sx + sw:
        if middle_s == middle_t:
            return [(sx + sw, middle_s), (tx, middle_t)]
        if sw == 50:  # a gateway: leave by its lower or upper corner
            corner = (sx + sw // 2, sy + sh if middle_t > middle_s else sy)
            return [corner, (corner[0], middle_t), (tx, middle_t)]
        bend = tx - _GAP_X // 2
        return [(sx + sw, middle_s), (bend, middle_s), (bend, middle_t), (tx, middle_t)]
    under = max(sy + sh, ty + th) + 20
    return [(sx + sw // 2, sy + sh), (sx + sw // 2, under), (tx + tw // 2, under), (tx + tw // 2, ty + th)]


def _vertical(source: Box, target: Box) -> list[Point]:
    sx, sy, sw, sh = source
    tx, ty, tw, th = target
    x = sx + sw // 2 if sw <= tw else tx + tw // 2
    start, end = ((sy + sh), ty) if ty >= sy else (sy, ty + th)
    other = tx + tw // 2 if sw <= tw and not tx <= x <= tx + tw else x
    if other == x:
        return [(x, start), (x, end)]
    middle = (start + end) // 2
    return [(x, start), (x, middle), (other, middle), (other, end)]


def _write(root: XmlElement, of: XmlElement, drawing: _Drawing, number: int) -> None:
    suffix = "" if number == 1 else f"_{number}"
    taken = {element.get("id") for element in root.iter("*")}

    def free(base: str) -> str:
        candidate, count = base, 1
        while candidate in taken:
            count += 1
            candidate = f"{base}_{count}"
        taken.add(candidate)
        return candidate

    diagram = sub_element(root, qualified(BPMNDI, "BPMNDiagram"))
    diagram.set("id", free(f"diagram{suffix}"))
    plane = sub_element(diagram, qualified(BPMNDI, "BPMNPlane"))
    plane.set("id", free(f"plane{suffix}"))
    plane.set("bpmnElement", of.get("id") or "")
    order = {element: position for position, element in enumerate(root.iter("*"))}
    for element, (left, top, width, height) in sorted(drawing.boxes.items(), key=lambda item: _depth(item[0], order)):
        shape = sub_element(plane, qualified(BPMNDI, "BPMNShape"))
        shape.set("id", free(f"{element.get('id')}_di"))
        shape.set("bpmnElement", element.get("id") or "")
        local = _local(element)
        if local in ("participant", "lane"):
            shape.set("isHorizontal", "true")
        elif local in _SCOPES:
            shape.set("isExpanded", "true")
        elif local == "exclusiveGateway":
            shape.set("isMarkerVisible", "true")
        bounds = sub_element(shape, qualified(DC, "Bounds"))
        for name, value in (("x", left), ("y", top), ("width", width), ("height", height)):
            bounds.set(name, str(value + (100 if name in ("x", "y") else 0)))
    for element, points in drawing.edges:
        edge = sub_element(plane, qualified(BPMNDI, "BPMNEdge"))
        edge.set("id", free(f"{element.get('id')}_di"))
        edge.set("bpmnElement", element.get("id") or "")
        for x, y in points:
            waypoint = sub_element(edge, qualified(DI, "waypoint"))
            waypoint.set("x", str(x + 100))
            waypoint.set("y", str(y + 100))


def _depth(element: XmlElement, order: dict[XmlElement, int]) -> tuple[int, int, int]:
    """Containers before what they contain: pools, lanes, then by nesting and document order."""
    kind = {"participant": 0, "lane": 1}.get(_local(element), 2)
    return kind, sum(1 for _ in element.iterancestors()) if kind == 2 else 0, order[element]
