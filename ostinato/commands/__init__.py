"""The command line's commands: one module per family, each a set of plain typer functions.

`ostinato.cli` holds the table of names and imports a module only when one of its commands runs.
"""
