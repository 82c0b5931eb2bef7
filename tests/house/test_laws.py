"""The architecture's laws that no linter knows: purity, one reader of the environment, sizes, names, addresses."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.trees import tree

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("ostinato", "api", "worker", "activities", "store", "forms", "interpreter", "dmn")
PURE = ("forms", "interpreter", "dmn")

#: What makes a function depend on the moment, the machine or chance.
IMPURE_MODULES = {"os", "random", "secrets", "socket", "subprocess", "threading", "asyncio", "time", "uuid"}
IMPURE_CALLS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now"}
#: Locks make process-wide caches safe; they decide nothing.
ALLOWED = {("dmn", "threading"), ("interpreter", "threading")}


def sources(*rooms: str) -> Iterator[Path]:
    for room in rooms:
        yield from sorted((ROOT / room).rglob("*.py"))


def shell(path: Path) -> bool:
    """The Temporal shell is not pure; reading XML happens outside the workflow."""
    return path.is_relative_to(ROOT / "interpreter" / "workflow")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [path for path in sources(*PURE) if not shell(path)], ids=name)
def test_pure_rooms_know_no_clock_no_chance_and_no_machine(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    found: list[str] = []
    for node in ast.walk(tree(path)):
        match node:
            case ast.Import(names=names):
                modules = [alias.name.split(".")[0] for alias in names]
            case ast.ImportFrom(module=str(module), level=0):
                modules = [module.split(".")[0]]
            case ast.Call(func=ast.Name() | ast.Attribute()) if ast.unparse(node.func) in IMPURE_CALLS:
                found.append(f"line {node.lineno}: {ast.unparse(node.func)}()")
                continue
            case _:
                continue
        found += [
            f"line {node.lineno}: import {module}"
            for module in modules
            if module in IMPURE_MODULES and (room, module) not in ALLOWED
        ]
    assert not found, f"{name(path)} is in a pure room: {found}"


def test_the_environment_is_read_in_the_settings_only() -> None:
    readers = [
        name(path)
        for path in sources(*ROOMS)
        if re.search(r"\bos\.(environ|getenv|putenv)\b|from os import .*environ", path.read_text())
    ]
    assert readers == ["ostinato/settings.py"]


def test_modules_are_short_and_well_named() -> None:
    forbidden = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
    modules = list(sources(*ROOMS))
    assert [name(path) for path in modules if path.stem in forbidden] == []
    lengths = {name(path): len(path.read_text().splitlines()) for path in modules}
    assert {module: length for module, length in lengths.items() if length > 600} == {}


def test_every_room_says_what_lives_there() -> None:
    for room in ROOMS:
        package = ROOT / room / "__init__.py"
        assert ast.get_docstring(tree(package)), f"{name(package)} needs a docstring"


def test_locks_hold_no_address() -> None:
    for lock in (
        "requirements.lock",
        "requirements-server.lock",
        "requirements-bench.lock",
        "tests/node/package-lock.json",
    ):
        text = (ROOT / lock).read_text()
        assert not re.search(r"[a-z+]+://|^-{1,2}(i|f|index|extra|find)", text, re.MULTILINE), lock


def test_importing_the_package_imports_no_other_room() -> None:
    program = (
        "import sys, ostinato, ostinato.errors\n"
        f"print([room for room in {ROOMS[1:]!r} if room in sys.modules])\n"
        "print('temporalio' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "False"]


def test_documents_link_to_files_that_exist() -> None:
    broken: list[str] = []
    for document in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text()):
            if "://" not in target and not target.startswith("mailto:") and not (document.parent / target).exists():
                broken.append(f"{name(document)}: {target}")
    assert broken == []


def test_every_document_is_reachable_from_the_index() -> None:
    for folder, index in (("docs", "index.md"), ("docs/decisions", "README.md")):
        listed = (ROOT / folder / index).read_text()
        pages = [page.name for page in (ROOT / folder).glob("*.md") if page.name != index]
        assert [page for page in pages if f"]({page})" not in listed] == [], f"{folder}/{index} does not list them"
