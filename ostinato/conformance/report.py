"""Reports of process suites: one row per case, as CSV and as an HTML table, and the closing line."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one case."""

    case: str
    passed: bool
    expected: str
    actual: str
    note: str = ""


def closing_line(verdicts: Sequence[Verdict]) -> str:
    """`N passed, M failed`."""
    passed = sum(v.passed for v in verdicts)
    return f"{passed} passed, {len(verdicts) - passed} failed"


def _word(verdict: Verdict) -> str:
    return "passed" if verdict.passed else "failed"


def write(verdicts: Sequence[Verdict], out: Path, title: str) -> None:
    """Write `out`.csv and `out`.html (or into the folder `out`, as report.csv and report.html)."""
    stem = out / "report" if out.is_dir() or not out.suffix else out.with_suffix("")
    stem.parent.mkdir(parents=True, exist_ok=True)
    with stem.with_suffix(".csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["case", "result", "expected", "actual", "note"])
        for v in verdicts:
            writer.writerow([v.case, _word(v), v.expected, v.actual, v.note])
    rows = "\n".join(
        f'<tr class="{_word(v)}"><td>{escape(v.case)}</td><td>{_word(v)}'
        f"</td><td>{escape(v.expected)}</td><td>{escape(v.actual)}</td><td>{escape(v.note)}</td></tr>"
        for v in verdicts
    )
    stem.with_suffix(".html").write_text(
        f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<style>body{{font:14px sans-serif;margin:2em}}table{{border-collapse:collapse}}td,th{{border:1px solid
#ccc;padding:.3em .6em; text-align:left;vertical-align:top}}.failed td{{background:#fdd}}.passed
td:nth-child(2){{color:#070}}</style></head> <body><h1>{escape(title)}</h1><p>{escape(closing_line(verdicts))}</p>
<table><thead><tr><th>Case</th><th>Result</th><th>Expected</th><th>Actual</th><th>Note</th></tr></thead> <tbody>
{rows} </tbody></table></body></html> """,
        encoding="utf-8",
    )
