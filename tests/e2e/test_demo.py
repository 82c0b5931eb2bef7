"""The order-fulfilment demo ends well: every order as modelled, nothing done twice, a crash in the middle."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(400)]

ROOT = Path(__file__).resolve().parents[2]


def test_the_demo_ends_well() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "order_fulfilment" / "demo.py")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=380,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing ran twice" in done.stdout
