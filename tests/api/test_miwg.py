"""MIWG's reference C.1.1, which nobody here wrote, deployed unchanged over REST and run to each of its ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.server import Rest

MODEL = "miwg"
