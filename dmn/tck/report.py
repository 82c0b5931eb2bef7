"""Reports of a TCK run: CSV for machines, one HTML page for people, both by feature area."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Mapping, Sequence

from dmn.tck.judge import FolderResult


def area_of(folder: FolderResult, areas: Mapping[str, str]) -> str:
    """The folder's feature area: from the suite's own table, else its folder name without the number."""
    name = folder.folder.rpartition("/")[2]
    known = areas.get(name)
    if known:
        return known
    number, _, rest = name.partition("-")
    return rest if number.isdigit() and rest else name


def to_csv(folders: Sequence[FolderResult], areas: Mapping[str, str]) -> str:
    """One line per case; a failed case has the node, values and reason of its first failure."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["area", "folder", "file", "case", "result", "node", "expected", "actual", "reason"])
    for folder in folders:
        area = area_of(folder, areas)
        for case in folder.cases:
            failed = next((node for node in case.nodes if not node.passed), None)
            details = (
                ["", "", "", ""] if failed is None else [failed.name, failed.expected, failed.actual, failed.reason]
            )
            result = "passed" if failed is None else "failed"
            writer.writerow([area, folder.folder, case.file, case.case_id, result, *details])
    return out.getvalue()


def by_area(folders: Sequence[FolderResult], areas: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """Feature area to (passed, failed), sorted by name."""
    counts: dict[str, tuple[int, int]] = {}
    for folder in folders:
        area = area_of(folder, areas)
        passed = sum(case.passed for case in folder.cases)
        before = counts.get(area, (0, 0))
        counts[area] = (before[0] + passed, before[1] + len(folder.cases) - passed)
    return dict(sorted(counts.items()))


_STYLE = """body{font:14px system-ui,sans-serif;margin:2rem;max-width:75rem}
table{border-collapse:collapse;margin:1rem 0}
td,th{border:1px solid #ccc;padding:.3rem .6rem;text-align:left;vertical-align:top}td.n{text-align:right}
.bad{background:#fdecea}.good{background:#edf7ed}code{white-space:pre-wrap}"""


def to_html(folders: Sequence[FolderResult], areas: Mapping[str, str]) -> str:
    """A page with the totals by feature area, then every failing case with expected and actual value."""
    counts = by_area(folders, areas)
    passed = sum(count[0] for count in counts.values())
    failed = sum(count[1] for count in counts.values())
    rows = "\n".join(
        f'<tr class="{"bad" if count[1] else "good"}"><td>{html.escape(area)}</td>'
        f'<td class="n">{count[0]}</td><td class="n">{count[1]}</td></tr>'
        for area, count in counts.items()
    )
    failures = "\n".join(
        f"<tr><td>{html.escape(case.folder)}</td><td>{html.escape(case.case_id)}</td><td>{html.escape(node.name)}</td>"
        f"<td><code>{html.escape(node.expected)}</code></td><td><code>{html.escape(node.actual)}</code></td>"
        f"<td>{html.escape(node.reason)}</td></tr>"
        for folder in folders
        for case in folder.cases
        for node in case.nodes
        if not node.passed
    )
    details = (
        "<h2>Failing cases</h2><table><tr><th>Folder</th><th>Case</th><th>Node</th><th>Expected</th><th>Actual</th>"
        f"<th>Messages</th></tr>{failures}</table>"
        if failures
        else ""
    )
    head = f'<meta charset="utf-8"><title>DMN TCK</title><style>{_STYLE}</style>'
    summary = f"<table><tr><th>Feature area</th><th>Passed</th><th>Failed</th></tr>\n{rows}\n</table>"
    title = f"<h1>DMN TCK: {passed} passed, {failed} failed</h1>"
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{title}{summary}{details}</body></html>\n'
