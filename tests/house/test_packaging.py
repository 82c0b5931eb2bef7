"""What is shipped: the wheel is whole, and the SDK works without the server's packages."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.house.trees import tree

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("ostinato", "api", "worker", "activities", "store", "forms", "interpreter", "dmn")
#: Import names of what [server] and [dev] bring and the SDK must do without.
SERVER_ONLY = ("fastapi", "uvicorn", "uvloop", "lxml", "lark", "sqlalchemy", "psycopg", "alembic", "orjson", "psutil")


def test_the_wheel_holds_every_module_and_data_file(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)], cwd=ROOT, check=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    shipped = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }
    assert expected - shipped == set()
    assert not [name for name in shipped if name.startswith(("tests/", "examples/", "benchmarks/"))]


@pytest.mark.parametrize(
    "module", ["ostinato", "ostinato.client", "ostinato.worker", "ostinato.errors", "ostinato.cli"]
)
def test_the_sdk_needs_none_of_the_servers_packages(module: str) -> None:
    program = (
        "import sys\n"
        f"blocked = {SERVER_ONLY + ROOMS[1:]!r}\n"
        "class Blocker:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in blocked:\n"
        "            raise ModuleNotFoundError(f'{name} belongs to the server')\n"
        "sys.meta_path.insert(0, Blocker())\n"
        f"import {module}\n"
        "import ostinato\n"
        "[getattr(ostinato, name) for name in ostinato.__all__]\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_lock_satisfies_the_project_file() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"]]
    for requirements in (*project["project"]["optional-dependencies"].values(), *project["dependency-groups"].values()):
        wanted += requirements
    locked = _locked(ROOT / "requirements.lock") | _locked(ROOT / "requirements-bench.lock")
    names = {_name(requirement) for requirement in wanted} - {"ostinato"}
    assert names - locked == set(), "run `make lock`"


def _name(requirement: str) -> str:
    end = next((i for i, letter in enumerate(requirement) if letter in "[<>=!~; "), len(requirement))
    return _normal(requirement[:end])


def test_everything_that_is_imported_is_locked() -> None:
    locked = set().union(*(_locked(ROOT / name) for name in ("requirements.lock", "requirements-bench.lock")))
    owners = packages_distributions()
    missing: dict[str, str] = {}
    for folder in (*ROOMS, "tests", "benchmarks", "examples"):
        for path in (ROOT / folder).rglob("*.py"):
            if "node_modules" in path.parts:
                continue
            for module in _imported(path) - set(sys.stdlib_module_names):
                if any((base / module).exists() or (base / f"{module}.py").exists() for base in (ROOT, path.parent)):
                    continue
                if not {_normal(owner) for owner in owners.get(module, [module])} & locked:
                    missing[module] = str(path.relative_to(ROOT))
    assert missing == {}, "name the package in pyproject.toml and run `make lock`"


def _imported(path: Path) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            modules |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            modules.add(node.module.split(".")[0])
    return modules


def _locked(lock: Path) -> set[str]:
    lines = lock.read_text().splitlines()
    return {_normal(line.split("==")[0]) for line in lines if "==" in line and not line.startswith(" ")}


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
