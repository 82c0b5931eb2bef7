"""Coverage of models: which flow nodes and sequence flows the tests visited, as text and drawn on the model.

    pytest --bpmn-coverage                    a summary per process at the end of the session
    pytest --bpmn-coverage=DIR                and one HTML page per process into DIR

Runs report themselves while a `Coverage` collects (`with Coverage() as coverage: ...`).
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interpreter import events as ev
from interpreter.definition import Definition
from ostinato.testing import world as worlds

if TYPE_CHECKING:
    from ostinato.testing.world import Run

DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
DDI = "{http://www.omg.org/spec/DD/20100524/DI}"
MARGIN = 20


@dataclass
class ProcessCoverage:
    """What was visited of one definition: counts by id."""

    definition: Definition
    source: bytes | None = None
    nodes: dict[str, int] = field(default_factory=dict[str, int])
    flows: dict[str, int] = field(default_factory=dict[str, int])
    runs: int = 0

    @property
    def all_nodes(self) -> list[str]:
        return [n.id for n in self.definition.nodes.values() if n.scope is not None]

    @property
    def missed(self) -> list[str]:
        """Flow nodes, then sequence flows, that nothing visited."""
        return [n for n in self.all_nodes if n not in self.nodes] + [
            f for f in self.definition.flows if f not in self.flows
        ]

    @property
    def ratio(self) -> float:
        """Visited share of nodes and flows together."""
        total = len(self.all_nodes) + len(self.definition.flows)
        return 1.0 if total == 0 else 1 - len(self.missed) / total

    def text(self) -> str:
        """One line, and one for what was missed."""
        nodes, flows = len(self.all_nodes), len(self.definition.flows)
        line = (
            f"{self.definition.process_id}: {self.ratio:.0%} "
            f"(nodes {len(self.nodes)}/{nodes}, flows {len(self.flows)}/{flows}, runs {self.runs})"
        )
        return line + (f"\n  missed: {', '.join(self.missed)}" if self.missed else "")


class Coverage:
    """Collects what runs visit. A context manager; may also be fed with `add`."""

    def __init__(self) -> None:
        self.processes: dict[str, ProcessCoverage] = {}

    def __enter__(self) -> Coverage:
        worlds.OBSERVERS.append(self.observe)
        return self

    def __exit__(self, *_: object) -> None:
        worlds.OBSERVERS.remove(self.observe)

    def observe(self, run: Run, events: list[Any]) -> None:
        """Count what a step of a run visited."""
        definition = run.definition
        found = self.processes.get(definition.hash)
        if found is None:
            source = run.world.sources.get(definition.process_id)
            found = self.processes[definition.hash] = ProcessCoverage(definition, source)
        for event in events:
            if isinstance(event, ev.ElementActivated):
                found.nodes[event.node] = found.nodes.get(event.node, 0) + 1
            elif isinstance(event, ev.SequenceFlowTaken):
                found.flows[event.flow] = found.flows.get(event.flow, 0) + 1
            elif isinstance(event, ev.InstanceStarted):
                found.runs += 1

    def add(self, run: Run) -> None:
        """Count everything that a run has visited so far."""
        self.observe(run, run.events)

    def text(self) -> str:
        """A summary, least covered first."""
        return "\n".join(
            p.text() for p in sorted(self.processes.values(), key=lambda p: (p.ratio, p.definition.process_id))
        )

    def write(self, folder: Path) -> list[Path]:
        """One HTML page per process; the paths written."""
        folder.mkdir(parents=True, exist_ok=True)
        written: list[Path] = []
        for process in self.processes.values():
            path = folder / f"{process.definition.process_id}-{process.definition.hash[:8]}.html"
            path.write_text(page(process), encoding="utf-8")
            written.append(path)
        return written


def page(process: ProcessCoverage) -> str:
    """An HTML page: the summary, the drawing if the model has one, and the counts."""
    definition = process.definition
    rows = "".join(
        f'<tr class="{"hit" if id in counts else "missed"}"><td>{escape(id)}</td><td>{escape(what)}</td>'
        f"<td>{counts.get(id, 0)}</td></tr>"
        for ids, counts, what in (
            (process.all_nodes, process.nodes, "node"),
            (list(definition.flows), process.flows, "flow"),
        )
        for id in ids
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(definition.process_id)}</title><style>
body{{font:14px sans-serif;margin:2em}} svg{{border:1px solid #ddd;max-width:100%}}
.shape{{fill:#fff;stroke:#999}} .shape.hit{{fill:#dfd;stroke:#070}} .shape.missed{{fill:#fdd;stroke:#a00}}
.edge{{fill:none;stroke:#a00;stroke-dasharray:4}} .edge.hit{{stroke:#070;stroke-dasharray:none;stroke-width:2}}
text{{font-size:11px;text-anchor:middle}} td{{padding:.1em .8em .1em 0}} tr.missed td{{color:#a00}}
</style></head><body><h1>{escape(definition.name or definition.process_id)}</h1><pre>{escape(process.text())}</pre>
{drawing(process)}<table><tr><th>id</th><th></th><th>times</th></tr>{rows}</table></body></html>
"""


def drawing(process: ProcessCoverage) -> str:
    """The model's own diagram as SVG, what was visited in green; empty when the model has none."""
    if process.source is None:
        return ""
    root = ElementTree.fromstring(process.source)
    definition = process.definition
    shapes: list[str] = []
    edges: list[str] = []
    corners: list[tuple[float, float]] = []
    for shape in root.iter(f"{DI}BPMNShape"):
        id = (shape.get("bpmnElement") or "").rpartition(":")[2]
        bounds = shape.find(f"{DC}Bounds")
        if bounds is None or id not in definition.nodes:
            continue
        x, y, width, height = (float(bounds.get(n) or 0) for n in ("x", "y", "width", "height"))
        corners += [(x, y), (x + width, y + height)]
        shapes.append(_shape(definition, id, id in process.nodes, x, y, width, height))
    for edge in root.iter(f"{DI}BPMNEdge"):
        id = (edge.get("bpmnElement") or "").rpartition(":")[2]
        if id not in definition.flows:
            continue
        points = [(float(p.get("x") or 0), float(p.get("y") or 0)) for p in edge.iter(f"{DDI}waypoint")]
        corners += points
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        style = "edge hit" if id in process.flows else "edge"
        edges.append(f'<polyline class="{style}" points="{path}"><title>{escape(id)}</title></polyline>')
    if not corners:
        return ""
    left, top = min(x for x, _ in corners) - MARGIN, min(y for _, y in corners) - MARGIN
    width, height = max(x for x, _ in corners) + MARGIN - left, max(y for _, y in corners) + MARGIN - top
    return (
        f'<svg viewBox="{left:g} {top:g} {width:g} {height:g}" width="{width:g}" height="{height:g}">'
        + "".join(shapes)
        + "".join(edges)
        + "</svg>"
    )


def _shape(definition: Definition, id: str, hit: bool, x: float, y: float, width: float, height: float) -> str:
    node = definition.nodes[id]
    style = f'class="shape {"hit" if hit else "missed"}"'
    title = f"<title>{escape(id)}</title>"
    middle_x, middle_y = x + width / 2, y + height / 2
    if node.kind.endswith("Event"):
        drawn = f'<circle {style} cx="{middle_x:g}" cy="{middle_y:g}" r="{min(width, height) / 2:g}">{title}</circle>'
    elif node.kind.endswith("Gateway"):
        corners = f"{middle_x:g},{y:g} {x + width:g},{middle_y:g} {middle_x:g},{y + height:g} {x:g},{middle_y:g}"
        drawn = f'<polygon {style} points="{corners}">{title}</polygon>'
    else:
        opacity = ' fill-opacity="0.3"' if node.is_scope else ""
        drawn = (
            f'<rect {style}{opacity} x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="8">{title}</rect>'
        )
    label_y = (
        y + 14 if node.is_scope else middle_y + 4 if not node.kind.endswith(("Event", "Gateway")) else y + height + 12
    )
    return drawn + f'<text x="{middle_x:g}" y="{label_y:g}">{escape(node.name or id)}</text>'
