"""Where the third-party conformance data lies: beside the project, never in it."""

from __future__ import annotations

from pathlib import Path

import pytest

#: Folder of the suites; may be absent.
SUITES = Path(__file__).resolve().parents[2] / "shared" / "suites"


def suite(name: str = "") -> Path:
    """Folder (or file) of one suite, or of all; skips the calling test, or the module that is imported, if absent."""
    path = SUITES / name
    if not path.exists():
        pytest.skip(f"third-party suite absent: expected {path}", allow_module_level=True)
    return path
