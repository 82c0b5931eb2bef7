"""The pytest plugin in a test session of somebody else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

TEST = """
import asyncio
import httpx

def test_engine(ostinato_url, ostinato_temporal_address):
    assert httpx.get(ostinato_url + "/engine").json() == [{"name": "default"}]
    assert ":" in ostinato_temporal_address
"""


def test_the_fixtures_start_an_engine(tmp_path: Path) -> None:
    # modules with the names of our rooms, as a user may have
    (tmp_path / "worker.py").write_text("raise AssertionError('the user module must not be taken for a room')\n")
    (tmp_path / "test_user.py").write_text(TEST)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
