"""Commands that run the engine's conformance suites."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[Path, typer.Argument(help="Folder of the suite.", exists=True, file_okay=False)]
Report = Annotated[Path | None, typer.Option("--report", help="Write a CSV and an HTML report to this folder or file.")]
Profile = Annotated[str, typer.Option(help="Behaviour profile: spec or c7.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Print passed cases too.")]


def betsy(folder: Folder, report: Report = None, profile: Profile = "spec", verbose: Verbose = False) -> None:
    """Run the behaviour cases of the betsy suite."""
    from ostinato.conformance import betsy as judge

    _show(judge.judge(folder, profile), report, f"betsy, profile {profile}", verbose)


def nayra(folder: Folder, report: Report = None, profile: Profile = "spec", verbose: Verbose = False) -> None:
    """Run the cases of the nayra suite."""
    from ostinato.conformance import nayra as judge

    _show(judge.judge(folder, profile), report, f"nayra, profile {profile}", verbose)


def _show(verdicts: list[object], report: Path | None, title: str, verbose: bool) -> None:
    from ostinato.conformance import report as reports

    found = [v for v in verdicts if isinstance(v, reports.Verdict)]
    for verdict in found:
        if verbose or not verdict.passed:
            typer.echo(f"{'ok  ' if verdict.passed else 'FAIL'} {verdict.case}")
            if not verdict.passed:
                typer.echo(f"     expected {verdict.expected}\n     actual   {verdict.actual} {verdict.note}")
    if report is not None:
        reports.write(found, report, title)
    typer.echo(reports.closing_line(found))
    if not all(v.passed for v in found):
        raise typer.Exit(1)
