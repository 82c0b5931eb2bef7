"""Commands that run the engine's conformance suites."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ostinato.conformance.report import Verdict

Folder = Annotated[Path, typer.Argument(help="Folder of the suite.", exists=True, file_okay=False)]
Report = Annotated[Path | None, typer.Option("--report", help="Write a CSV and an HTML report to this folder or file.")]
Profile = Annotated[str, typer.Option(help="Behaviour profile: spec or c7.")]
EngineOption = Annotated[
    str, typer.Option("--engine", help="core: in memory. temporal: on a real Temporal server and PostgreSQL.")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Print passed cases too.")]


def betsy(
    folder: Folder,
    report: Report = None,
    profile: Profile = "spec",
    verbose: Verbose = False,
    engine: EngineOption = "core",
) -> None:
    """Run the behaviour cases of the betsy suite."""
    if _is_live(engine):
        from ostinato.conformance import betsy_live

        verdicts = betsy_live.judge(folder, profile)
    else:
        from ostinato.conformance import betsy as core

        verdicts = core.judge(folder, profile)
    _show(list(verdicts), report, f"betsy, profile {profile}, engine {engine}", verbose)


def nayra(
    folder: Folder,
    report: Report = None,
    profile: Profile = "spec",
    verbose: Verbose = False,
    engine: EngineOption = "core",
) -> None:
    """Run the cases of the nayra suite."""
    if _is_live(engine):
        from ostinato.conformance import nayra_live

        verdicts = nayra_live.judge(folder, profile)
    else:
        from ostinato.conformance import nayra as core

        verdicts = core.judge(folder, profile)
    _show(list(verdicts), report, f"nayra, profile {profile}, engine {engine}", verbose)


def _is_live(engine: str) -> bool:
    if engine not in ("core", "temporal"):
        raise typer.BadParameter(f"Expected core or temporal but it was {engine!r}.", param_hint="--engine")
    return engine == "temporal"


def _show(found: list[Verdict], report: Path | None, title: str, verbose: bool) -> None:
    from ostinato.conformance import report as reports

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
