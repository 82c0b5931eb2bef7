"""`python -m benchmarks [word ...]`: run every `bench_*.py` here, or those that a word names; repeat the ratios.

A benchmark is a script that prints what it likes and ends with lines `ratio <name> <median>`. It runs in a process of
its own, so that none warms the interpreter for the next.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main(words: list[str]) -> int:
    """Exit code 1 if a benchmark failed."""
    scripts = sorted(Path(__file__).parent.glob("bench_*.py"))
    chosen = [script for script in scripts if not words or any(word in script.stem for word in words)]
    if not chosen:
        print(
            f"Expected {words} to name one of {[script.stem for script in scripts]} but none matches", file=sys.stderr
        )
        return 2
    ratios: list[str] = []
    failed: list[str] = []
    for script in chosen:
        print(f"== {script.stem}", flush=True)
        with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                print(line, end="", flush=True)
                if line.startswith("ratio "):
                    ratios.append(line)
        if process.returncode != 0:
            failed.append(script.stem)
    print("== ratios")
    print("".join(ratios), end="")
    for name in failed:
        print(f"failed: {name}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
