"""Chaos for some minutes: `python -m tests.e2e.chaos --minutes 5 --seed 7`; exit code 1 if the books do not agree."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import random
import sys
import tempfile
from pathlib import Path

from tests.e2e.chaos.play import play


def main() -> int:
    """Play and print the report."""
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="how long faults happen")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--at-once", type=int, default=24, help="open instances at a time")
    parser.add_argument("--keep", type=Path, help="directory for data and logs, kept afterwards")
    arguments = parser.parse_args()
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)  # its connections are cut on purpose
    with tempfile.TemporaryDirectory(prefix="ostinato-chaos-", ignore_cleanup_errors=True) as temporary:
        directory = arguments.keep or Path(temporary)
        result = asyncio.run(play(directory, arguments.seed, arguments.minutes * 60, arguments.at_once, print))
    sys.stdout.flush()
    return 0 if result.is_clean else 1


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # temporalio's threads now and then abort the interpreter's own teardown
