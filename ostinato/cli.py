"""The `ostinato` command: a table of commands, each imported only when it runs.

Errors that the user can mend are printed in one line, without a traceback; OSTINATO_DEBUG=1 shows the traceback too.
Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any, Final

import typer

from ostinato import settings
from ostinato.errors import OstinatoError


@dataclass(frozen=True, slots=True)
class Entry:
    """One command: where its function is, what one line says of it, and the heading it is listed under."""

    target: str
    summary: str
    panel: str

    def load(self) -> Callable[..., Any]:
        """Import the module and return the function."""
        module, _, function = self.target.partition(":")
        return getattr(import_module(module), function)


def _family(module: str, panel: str, commands: Mapping[str, str]) -> dict[str, Entry]:
    return {
        name: Entry(f"ostinato.commands.{module}:{name.replace('-', '_')}", summary, panel)
        for name, summary in commands.items()
    }


COMMANDS: Final[Mapping[str, Entry]] = {
    **_family(
        "dev",
        "Run the engine",
        {
            "dev": "Start everything on this machine: Temporal, PostgreSQL, worker and API.",
            "worker": "Run one engine worker against the servers that the settings name.",
            "api": "Run the REST API against the servers that the settings name.",
            "migrate": "Bring the database and Temporal's search attributes up to date.",
        },
    ),
    **_family(
        "read_model",
        "Run the engine",
        {
            "audit": "Compare the read model with the event log.",
            "rebuild": "Compute the rows of instances again from their log.",
            "cleanup": "Remove ended instances whose time to live is over.",
        },
    ),
    **_family(
        "processes",
        "Processes",
        {
            "deploy": "Deploy BPMN, DMN and form files.",
            "start": "Start an instance of a process.",
            "ps": "List running instances.",
            "show": "Show where the tokens of an instance are.",
            "tasks": "List open user tasks.",
            "complete": "Complete a user task.",
            "history": "Show what an instance has done.",
            "incidents": "List open incidents.",
            "retry": "Retry what failed.",
        },
    ),
    **_family(
        "decisions",
        "Decisions",
        {
            "feel": "Evaluate a FEEL expression.",
            "decide": "Evaluate a decision of a DMN file.",
        },
    ),
    **_family(
        "models",
        "Models",
        {
            "lint": "Say what is wrong with BPMN files.",
            "fmt": "Format BPMN files.",
            "convert": "Convert a model from another engine's extensions to Camunda's.",
        },
    ),
}

CONFORMANCE: Final[Mapping[str, Entry]] = {
    **_family("decisions", "DMN", {"dmn-tck": "Run the DMN technology compatibility kit."}),
    **_family(
        "models",
        "BPMN",
        {
            "bpmn-roundtrip": "Import and export models; report what is lost.",
            "bpmn-import": "Import models; report what is refused.",
            "bpmn-reject": "Check that invalid models are refused.",
        },
    ),
    **_family(
        "engine",
        "Execution",
        {
            "betsy": "Run the betsy process suite.",
            "nayra": "Run the nayra workflow-pattern suite.",
        },
    ),
}


def build(words: Sequence[str]) -> typer.Typer:
    """The application for this command line: only the command that `words` name is imported; the rest is help text."""
    everything = settings.is_completing()
    app = typer.Typer(
        name="ostinato",
        help="A BPMN 2.0 engine on Temporal.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    wanted = _words_only(words)
    _mount(app, COMMANDS, wanted[:1], everything)
    conformance = typer.Typer(
        help="Run third-party conformance suites.", no_args_is_help=True, pretty_exceptions_enable=False
    )
    _mount(conformance, CONFORMANCE, wanted[1:2] if wanted[:1] == ["conformance"] else [], everything)
    app.add_typer(conformance, name="conformance", rich_help_panel="Conformance")
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        build(words)(args=words, prog_name="ostinato")
    except OstinatoError as error:
        _fail(str(error))
    except ModuleNotFoundError as error:
        _fail(f"Expected the package {error.name!r} but it is not installed: pip install 'ostinato[server]'")
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except BrokenPipeError:  # `ostinato ps | head`
        sys.stderr.close()
        raise SystemExit(0) from None
    except Exception as error:
        if settings.debug():
            raise
        _fail(f"{type(error).__name__}: {error}\n(OSTINATO_DEBUG=1 shows where)")


def _print_version(asked: bool) -> None:
    if asked:
        import ostinato

        typer.echo(f"ostinato {ostinato.__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Has nothing to do: the option's callback does it."""


def _mount(app: typer.Typer, table: Mapping[str, Entry], wanted: Sequence[str], everything: bool) -> None:
    for name, entry in table.items():
        if everything or name in wanted:
            function = entry.load()
            app.command(name, help=function.__doc__ or entry.summary, rich_help_panel=entry.panel)(function)
        else:
            app.command(name, help=entry.summary, rich_help_panel=entry.panel)(_not_loaded)


def _not_loaded() -> None:
    raise AssertionError("a command that was not named on the command line is never run")


def _words_only(words: Sequence[str]) -> list[str]:
    """The leading words without options: the root has no option that takes a value."""
    return [word for word in words if not word.startswith("-")]


def _fail(message: str) -> None:
    if settings.debug() and sys.exc_info()[0] is not None:
        import traceback

        traceback.print_exc()
    typer.secho(message, fg=typer.colors.RED, err=True)
    raise SystemExit(1)
