"""`ostinato lint`, `fmt`, `convert` and the judges of BPMN files: models without a server."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ostinato.errors import UserError

if TYPE_CHECKING:
    from interpreter.bpmn.problems import Problem

_NAMES = (".bpmn", ".bpmn2", ".bpmn20.xml", ".bpmn.xml")


class Profile(StrEnum):
    """Whose rules apply."""

    c7 = "c7"
    spec = "spec"


class Format(StrEnum):
    """How findings are written."""

    text = "text"
    json = "json"
    sarif = "sarif"


Files = Annotated[list[Path], typer.Argument(help="BPMN files, or folders that are searched for them.")]
ProfileOption = Annotated[
    Profile, typer.Option("--profile", help="c7: what Camunda 7 refuses; spec: what BPMN forbids.")
]
Directory = Annotated[Path, typer.Argument(help="Folder that is searched for BPMN files, or one file.")]
Report = Annotated[Path | None, typer.Option("--report", help="Folder for the report as CSV and HTML.")]


def bpmn_files(path: Path) -> Iterator[tuple[str, Path]]:
    """BPMN files below a folder with their relative names, sorted; XML files count when they mention BPMN's model."""
    if path.is_file():
        yield path.name, path
        return
    if not path.is_dir():
        raise UserError(f"Expected a file or folder but '{path}' is none")
    for file in sorted(path.rglob("*")):
        if not file.is_file():
            continue
        if ".bpmn" in file.name.lower() or (file.suffix.lower() == ".xml" and _mentions_bpmn(file)):
            yield str(file.relative_to(path)), file


def _mentions_bpmn(file: Path) -> bool:
    with file.open("rb") as stream:
        return b"spec/BPMN/20100524/MODEL" in stream.read(8192)


def _read(path: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise UserError(f"Expected a readable file but '{path}': {error.strerror}") from error


def _lint_files(path: Path) -> Iterator[tuple[str, Path]]:
    """What `lint` reads of a file or folder: BPMN, and in folders also DMN."""
    yield from bpmn_files(path)
    if path.is_dir():
        yield from ((str(file.relative_to(path)), file) for file in sorted(path.rglob("*.dmn")) if file.is_file())


def _problems(name: str, data: bytes, profile: Profile, file: Path | None = None) -> list[Problem]:
    if b"spec/DMN/" in data[:8192]:
        from ostinato.commands.decisions import dmn_problems

        return dmn_problems(data, profile.value, file)
    from interpreter.bpmn.document import BpmnParseError, parse_bpmn
    from interpreter.bpmn.validate import validate

    try:
        return validate(parse_bpmn(data, name=name), profile.value)
    except BpmnParseError as refused:
        return list(refused.problems)


def lint(
    files: Files,
    profile: ProfileOption = Profile.c7,
    format: Annotated[Format, typer.Option("--format", help="text, json or sarif.")] = Format.text,
    level: Annotated[str, typer.Option("--level", help="Least weight that is shown: error, warning or info.")] = "info",
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings too.")] = False,
) -> None:
    """Say what is wrong with BPMN and DMN files. Exit code 1 if a file has an error."""
    from interpreter.bpmn.lint.output import as_json, as_sarif, as_text
    from interpreter.bpmn.problems import SEVERITIES

    if level not in SEVERITIES:
        raise UserError(f"Expected --level to be one of {', '.join(SEVERITIES)} but was '{level}'")
    shown = SEVERITIES[: SEVERITIES.index(level) + 1]
    found: dict[str, list[Problem]] = {}
    for path in files:
        if str(path) == "-":
            found["stdin"] = _problems("stdin", _read(path), profile)
            continue
        for name, file in _lint_files(path):
            key = str(path) if path.is_file() else str(path / name)
            found[key] = _problems(name, _read(file), profile, file)
    counted = {
        severity: sum(problem.severity == severity for problems in found.values() for problem in problems)
        for severity in SEVERITIES
    }
    visible = {name: [problem for problem in problems if problem.severity in shown] for name, problems in found.items()}
    if format is Format.json:
        typer.echo(as_json(visible))
    elif format is Format.sarif:
        typer.echo(as_sarif(visible))
    else:
        for name, problems in visible.items():
            if problems:
                typer.echo(as_text(name, problems))
        total = ", ".join(f"{count} {severity}{'s' if count != 1 else ''}" for severity, count in counted.items())
        typer.echo(f"{len(found)} file{'s' if len(found) != 1 else ''}: {total}")
    if counted["error"] or (strict and counted["warning"]):
        raise typer.Exit(1)


def fmt(
    files: Files,
    write: Annotated[bool, typer.Option("--write", "-w", help="Change the files instead of printing.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only say which files would change; exit code 1 if any.")
    ] = False,
    indent: Annotated[bool, typer.Option("--indent/--keep", help="Indent evenly, or keep the white space.")] = True,
    layout: Annotated[bool, typer.Option("--layout", help="Draw a diagram when the file has none.")] = False,
) -> None:
    """Write BPMN files evenly: same content, same order, two spaces. Nothing is added or lost."""
    from interpreter.bpmn.document import BpmnParseError, parse_bpmn
    from interpreter.bpmn.formatting import formatted

    changed: list[Path] = []
    for path in files:
        for _name, file in bpmn_files(path) if str(path) != "-" else [("stdin", path)]:
            data = _read(file)
            try:
                result = formatted(parse_bpmn(data, name=str(file)), indent=indent, layout=layout)
            except BpmnParseError as refused:
                raise UserError(str(refused)) from refused
            if result != data:
                changed.append(file)
            if write:
                if result != data:
                    file.write_bytes(result)
            elif not check:
                sys.stdout.buffer.write(result)
    if check:
        for file in changed:
            typer.echo(f"would change {file}")
        if changed:
            raise typer.Exit(1)


def convert(
    file: Annotated[
        Path, typer.Argument(help="BPMN file with extensions of Activiti, Flowable, Operaton or CIB seven.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write; default is the terminal.")
    ] = None,
) -> None:
    """Bring extensions of Camunda's relatives into Camunda's namespace where the meaning is the same.

    What has no equivalent stays as it is and is listed (on stderr).
    """
    from interpreter.bpmn.convert import convert_to_camunda
    from interpreter.bpmn.document import BpmnParseError, parse_bpmn

    try:
        conversion = convert_to_camunda(parse_bpmn(_read(file), name=str(file)))
    except BpmnParseError as refused:
        raise UserError(str(refused)) from refused
    data = conversion.document.to_bytes()
    if output is None:
        sys.stdout.buffer.write(data)
    else:
        output.write_bytes(data)
    for remark in conversion.left:
        typer.echo(
            f"{file}:{remark.line}: not carried over: {remark.what} [{remark.element_id}]: {remark.why}", err=True
        )
    typer.echo(f"{conversion.carried} carried over, {len(conversion.left)} left as they were", err=True)


# -- judges


def constraint_files(directory: Path) -> list[tuple[str, Path]]:
    """The files of a folder that must be refused.

    Beside or above betsy's table of cases these are the models of its group Constraint that lie in the folder; else
    what lies in folders called ``bpmn_constraints``, if there are any; else every BPMN file.
    """
    for holder in (directory, *directory.resolve().parents[:3]):
        table = holder / "betsy-cases.tsv"
        if table.is_file():
            return _constraint_rows(table, directory)
    found = list(bpmn_files(directory))
    below = [(name, file) for name, file in found if "bpmn_constraints" in Path(name).parts[:-1]]
    return below or found


def _constraint_rows(table: Path, directory: Path) -> list[tuple[str, Path]]:
    with table.open(encoding="utf-8", newline="") as stream:
        rows = [row["model"] for row in csv.DictReader(stream, delimiter="\t") if row["group"] == "Constraint"]
    root = directory.resolve()
    found: dict[str, Path] = {}
    for model in rows:
        file = (table.parent / model).resolve()
        if file.is_file() and file.is_relative_to(root):
            found[model] = file
    return sorted(found.items())


def _judge(
    kind: str, files: Iterable[tuple[str, Path]], report: Path | None, profile: Profile, *, verbose: bool
) -> None:
    from interpreter.bpmn.judges import counts, judge, to_csv, to_html

    verdicts = [judge(kind, name, _read(file), profile.value) for name, file in files]
    for verdict in verdicts:
        if not verdict.passed:
            typer.echo(f"FAILED {verdict.name}: {verdict.outcome} {verdict.told}".rstrip())
        elif verbose:
            typer.echo(f"{verdict.outcome} {verdict.name} {verdict.told}".rstrip())
    for reason, count in counts(verdicts).items():
        typer.echo(f"{count:6} {reason}")
    if report is not None:
        report.mkdir(parents=True, exist_ok=True)
        (report / f"{kind}.csv").write_text(to_csv(verdicts), encoding="utf-8")
        (report / f"{kind}.html").write_text(to_html(kind, verdicts), encoding="utf-8")
    passed = sum(verdict.passed for verdict in verdicts)
    typer.echo(f"{passed} passed, {len(verdicts) - passed} failed")
    if passed != len(verdicts):
        raise typer.Exit(1)


Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Print every file, not only the failed ones.")]


def bpmn_roundtrip(directory: Directory, report: Report = None, verbose: Verbose = False) -> None:
    """Read and write every BPMN file: canonically identical, or not well-formed and refused with line and column."""
    _judge("bpmn-roundtrip", bpmn_files(directory), report, Profile.c7, verbose=verbose)


def bpmn_import(
    directory: Directory, report: Report = None, profile: ProfileOption = Profile.c7, verbose: Verbose = False
) -> None:
    """Import every BPMN file, or refuse it by a rule with line and column; counts by reason."""
    _judge("bpmn-import", bpmn_files(directory), report, profile, verbose=verbose)


def bpmn_reject(
    directory: Directory, report: Report = None, profile: ProfileOption = Profile.spec, verbose: Verbose = False
) -> None:
    """Refuse every model that breaks a constraint of the standard (of betsy's table, else of the whole folder)."""
    _judge("bpmn-reject", constraint_files(directory), report, profile, verbose=verbose)
