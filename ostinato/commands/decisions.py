"""`ostinato feel`, `ostinato decide` and `ostinato conformance dmn-tck`: decisions without a server."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from ostinato.errors import UserError

if TYPE_CHECKING:
    from dmn import Definitions
    from interpreter.bpmn.problems import Problem


def _now(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC).astimezone()
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise UserError(f"Expected an ISO date and time for --now but it was '{text}'") from error
    return parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)


def _read(path: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise UserError(f"Expected a readable file but '{path}': {error.strerror}") from error


def _context(path: Path | None, inline: str | None) -> dict[str, Any]:
    """The JSON object of a file or of the command line; both together are merged, the command line wins."""
    merged: dict[str, Any] = {}
    sources = [(str(path), _read(path).decode("utf-8", "replace"))] if path is not None else []
    sources += [("the command line", inline)] if inline is not None else []
    for name, text in sources:
        try:
            parsed = json.loads(text)
        except json.JSONDecodeError as error:
            raise UserError(f"Expected JSON in {name} but: {error}") from error
        if not isinstance(parsed, dict):
            raise UserError(f"Expected a JSON object in {name} but it was {type(parsed).__name__}")
        merged.update(parsed)
    return merged


ContextFile = Annotated[Path | None, typer.Option("--context", "-c", help="JSON file with the variables, - for stdin.")]
InlineContext = Annotated[str | None, typer.Option("--json", "-j", help="Variables as a JSON object.")]
Now = Annotated[str | None, typer.Option("--now", help="ISO time that now() and today() give.")]


def feel(
    expression: Annotated[str, typer.Argument(help="FEEL expression, e.g. '1 + 2'.")],
    context: ContextFile = None,
    inline: InlineContext = None,
    unary: Annotated[
        str | None, typer.Option("--test", help="Evaluate as unary tests of this input, itself a FEEL expression.")
    ] = None,
    dialect: Annotated[str, typer.Option(help="spec or camunda.")] = "spec",
    as_json: Annotated[bool, typer.Option("--as-json", help="Print the value as JSON.")] = False,
    now: Now = None,
) -> None:
    """Evaluate a FEEL expression. The value goes to standard output, warnings to standard error."""
    from dmn import FeelSyntaxError, compile_expression, compile_unary_tests, feel_string, from_json, to_json

    if dialect not in ("spec", "camunda"):
        raise typer.BadParameter(f"Expected the dialect spec or camunda but it was '{dialect}'")
    scope = from_json(_context(context, inline))
    moment = _now(now)
    try:
        if unary is None:
            result = compile_expression(expression, tuple(scope), dialect=dialect).evaluate(scope, now=moment)
        else:
            tested = compile_expression(unary, tuple(scope), dialect=dialect).evaluate(scope, now=moment)
            tests = compile_unary_tests(expression, tuple(scope), dialect=dialect)
            result = tests.evaluate(scope, now=moment, input_value=tested.value)
    except FeelSyntaxError as error:
        raise UserError(str(error)) from error
    for warning in result.warnings:
        typer.echo(f"warning {warning}", err=True)
    if as_json:
        typer.echo(json.dumps(to_json(result.value), ensure_ascii=False))
    else:
        typer.echo("null" if result.value is None else feel_string(result.value))


def decide(
    model: Annotated[Path, typer.Argument(help="DMN file, - for standard input.")],
    decision: Annotated[
        str | None, typer.Option("--decision", "-d", help="Id or name of a decision or decision service.")
    ] = None,
    context: Annotated[
        Path | None, typer.Option("--input", "-i", help="JSON file with the inputs, - for stdin.")
    ] = None,
    inline: InlineContext = None,
    imports: Annotated[
        list[Path] | None,
        typer.Option("--import", help="A DMN file that the model imports; files beside it are found."),
    ] = None,
    profile: Annotated[str, typer.Option(help="spec, camunda7 or camunda8.")] = "spec",
    explain: Annotated[bool, typer.Option("--explain", help="Show inputs, matching rules and outputs.")] = False,
    as_json: Annotated[bool, typer.Option("--as-json", help="Print value, messages and trace as JSON.")] = False,
    now: Now = None,
) -> None:
    """Evaluate a decision of a DMN file. Exit code 1 if the evaluation reported an error."""
    from dmn import DmnError, Severity, UnknownDecisionError, compile_dmn, parse_dmn, to_json

    try:
        document = parse_dmn(_read(model))
        others = [parse_dmn(_read(path)) for path in imports or []]
        wanted = {item.namespace for item in document.imports} - {other.namespace for other in others}
        others += [other for other in _beside(model) if other.namespace in wanted]
        compiled = compile_dmn(document, imports=others, profile=profile)
    except DmnError as error:
        raise UserError("\n".join(str(finding) for finding in error.diagnostics)) from error
    except ValueError as error:
        raise UserError(str(error)) from error
    for finding in compiled.diagnostics:
        if finding.severity is Severity.ERROR:
            typer.echo(str(finding), err=True)
    name = decision
    if name is None:
        names = list(compiled.decisions)
        if len(names) != 1:
            raise UserError(f"Expected --decision, one of: {', '.join(names) or 'none'}")
        name = names[0]
    try:
        result = compiled.evaluate(name, _context(context, inline), now=_now(now), trace=explain or as_json)
    except UnknownDecisionError as error:
        raise UserError(str(error)) from error
    if as_json:
        typer.echo(json.dumps(result.to_json(), ensure_ascii=False, indent=2))
    else:
        for message in result.messages:
            typer.echo(str(message), err=True)
        if explain:
            _draw(result.trace)
        typer.echo(json.dumps(to_json(result.value), ensure_ascii=False, indent=2 if explain else None))
    if result.errors:
        raise typer.Exit(1)


def _beside(model: Path) -> Iterator[Definitions]:
    """The readable DMN documents in the model's own folder, where its imports usually are."""
    from dmn import DmnError, parse_dmn

    for path in sorted(model.parent.glob("*.dmn")) if model.is_file() else []:
        if path != model:
            with contextlib.suppress(DmnError):  # a broken neighbour that the model may not even import
                yield parse_dmn(_read(path))


class _DecisionTrace(Protocol):
    def to_json(self) -> dict[str, Any]: ...


def _draw(trace: tuple[_DecisionTrace, ...]) -> None:
    """The evaluated decisions as a tree on the terminal, in evaluation order."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table
    from rich.tree import Tree

    def text(value: Any) -> str:
        return escape(json.dumps(value, ensure_ascii=False))

    console = Console()
    for record in (entry.to_json() for entry in trace):
        tree = Tree(
            f"[bold]{escape(record['decisionName'])}[/bold] [dim]{record['kind']}[/dim] = {text(record['value'])}"
        )
        for requirement in record["requirements"]:
            tree.add(f"[cyan]{escape(requirement['clauseName'])}[/cyan] = {text(requirement['value'])}")
        for table in record["tables"]:
            policy = table["hitPolicy"] + (f" {table['aggregation']}" if table["aggregation"] else "")
            branch = tree.add(f"decision table, hit policy {policy}")
            for entry in table["inputs"]:
                branch.add(f"[cyan]{escape(entry['clauseName'])}[/cyan] is {text(entry['value'])}")
            if not table["rules"]:
                branch.add("[yellow]no rule matched[/yellow]")
                continue
            grid = Table("rule", *(output["variableName"] for output in table["rules"][0]["outputs"]))
            for rule in table["rules"]:
                label = "default" if rule["ruleIndex"] == 0 else f"{rule['ruleIndex']}"
                if rule["ruleId"]:
                    label += f" [dim]{escape(rule['ruleId'])}[/dim]"
                grid.add_row(label, *(text(output["value"]) for output in rule["outputs"]))
            branch.add(grid)
        console.print(tree)


def dmn_problems(source: bytes, profile: str, file: Path | None = None) -> list[Problem]:
    """What `ostinato lint` says of a DMN document. `profile` is c7 or spec; imports are looked for beside `file`."""
    from dmn import DmnError, compile_dmn, parse_dmn
    from interpreter.bpmn.problems import Problem, ordered
    from interpreter.juel.decisions import compile_decision_text

    is_camunda = profile == "c7"
    try:
        document = parse_dmn(source)
        findings = compile_dmn(
            document,
            imports=_beside(file) if file is not None and document.imports else (),
            profile="camunda7" if is_camunda else "spec",
            languages={"juel": compile_decision_text} if is_camunda else {},
        ).diagnostics
    except DmnError as error:
        findings = error.diagnostics
    return ordered(
        Problem(f"dmn-{finding.code}", finding.severity.value, finding.message, finding.element_id, finding.line)
        for finding in findings
    )


# --- conformance --------------------------------------------------------------------------------------------------


def tck_folders(directory: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """The test folders below (or at) a directory in the TCK's layout: name, and file names to contents.

    What is below `non-compliant` is not scored by the TCK and left out, unless the directory itself is one of these.
    """
    chosen = directory.resolve()
    for folder in [chosen, *sorted(path for path in chosen.rglob("*") if path.is_dir())]:
        relative = folder.relative_to(chosen)
        if "non-compliant" in relative.parts:
            continue
        files = {
            path.name: path.read_bytes()
            for path in sorted(folder.iterdir())
            if path.is_file() and path.suffix in {".dmn", ".xml"}
        }
        if any(name.endswith(".xml") and b"testCases" in content for name, content in files.items()):
            yield (str(relative) if relative.parts else folder.name), files


def tck_areas(directory: Path) -> dict[str, str]:
    """Folder name to feature area, from the `directories.tsv` in the directory or up to two levels above it."""
    chosen = directory.resolve()
    for place in [chosen, *list(chosen.parents)[:2]]:
        table = place / "directories.tsv"
        if table.is_file():
            rows = [line.split("\t") for line in table.read_text(encoding="utf-8").splitlines()]
            header = rows[0]
            if "directory" in header and "area" in header:
                name, area = header.index("directory"), header.index("area")
                return {row[name]: row[area] for row in rows[1:] if len(row) > max(name, area)}
    return {}


def dmn_tck(
    directory: Annotated[Path, typer.Argument(help="A directory in the layout of the DMN TCK, or one of its folders.")],
    report: Annotated[Path | None, typer.Option("--report", help="Folder for dmn-tck.csv and dmn-tck.html.")] = None,
) -> None:
    """Run the DMN TCK. Prints each failing case; the last line is `N passed, M failed`; exit code 1 if any failed."""
    from dmn.tck import judge_folder, to_csv, to_html
    from dmn.tck.report import by_area

    if not directory.is_dir():
        raise UserError(f"Expected a directory but '{directory}' is none")
    now = datetime.now(UTC).astimezone()
    folders = [judge_folder(name, files, now) for name, files in tck_folders(directory)]
    passed = failed = 0
    for folder in folders:
        for case in folder.cases:
            passed += case.passed
            failed += not case.passed
            for node in case.nodes:
                if not node.passed:
                    typer.echo(f"FAILED {case.key} {node.name}")
                    typer.echo(f"  expected: {node.expected}")
                    typer.echo(f"  actual:   {node.actual}")
                    if node.reason:
                        typer.echo(f"  because:  {node.reason}")
    areas = tck_areas(directory)
    for area, (good, bad) in by_area(folders, areas).items():
        typer.echo(f"{area}: {good} passed, {bad} failed")
    if report is not None:
        report.mkdir(parents=True, exist_ok=True)
        (report / "dmn-tck.csv").write_text(to_csv(folders, areas), encoding="utf-8")
        (report / "dmn-tck.html").write_text(to_html(folders, areas), encoding="utf-8")
    typer.echo(f"{passed} passed, {failed} failed")
    if failed:
        raise typer.Exit(1)
