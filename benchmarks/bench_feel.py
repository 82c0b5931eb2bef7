"""FEEL: evaluations per second, cold (parse and evaluate) and warm (compiled), against feelin and pySFeel.

    python benchmarks/bench_feel.py [--seconds 0.3] [--rounds 3] [--node DIR] [--json FILE]

Same expressions, same data, same run; results are compared before anything counts. feelin comes from tests/node (`make
setup` installs it) or DIR; it parses at every evaluation, so cold and warm are both measured against that. pySFeel runs
in the Python that OSTINATO_BENCH_PYSFEEL names. A peer that is absent is left out, and the output says so.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.feel.cases import CASES, DATA  # noqa: E402 - the path is set first
from dmn.feel import clear_cache, compile_expression, evaluate, from_json, to_json  # noqa: E402

Rates = dict[str, float]


def per_second(once: Callable[[], Any], seconds: float) -> float:
    """Calls per second, after a warm-up."""
    for _ in range(50):
        once()
    count = 0
    start = time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        for _ in range(20):
            once()
        count += 20
    return count / elapsed


def cold(expression: str) -> Callable[[], Any]:
    def once() -> Any:
        clear_cache()
        return evaluate(expression, DATA).value

    return once


def warm(expression: str) -> Callable[[], Any]:
    call = compile_expression(expression, DATA).call
    scope = {name: from_json(value) for name, value in DATA.items()}
    return lambda: call(scope)


def own(seconds: float) -> tuple[dict[str, Any], Rates, Rates]:
    values = {name: to_json(evaluate(expression, DATA).value) for name, expression in CASES.items()}
    for name, expression in CASES.items():
        same("the compiled form", name, to_json(warm(expression)()), values[name])
    return (
        values,
        {name: per_second(cold(expression), seconds) for name, expression in CASES.items()},
        {name: per_second(warm(expression), seconds) for name, expression in CASES.items()},
    )


def peer(command: list[str], seconds: float, values: dict[str, Any], who: str) -> Rates:
    task = json.dumps({"cases": CASES, "data": DATA, "seconds": seconds})
    done = subprocess.run(command, input=task, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode != 0:
        raise SystemExit(f"Expected {who} to run but it failed: {done.stderr[-500:]}")
    rates: Rates = {}
    for name, found in json.loads(done.stdout).items():
        if who == "feelin":
            same(who, name, found["value"], values[name])
        elif not close(found["value"], values[name]):
            print(f"{who} disagrees on {name}: {found['value']!r} instead of {values[name]!r}; left out")
            continue
        rates[name] = found["perSecond"]
    return rates


def close(a: Any, b: Any) -> bool:
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(close, a, b))
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return abs(a - b) < 1e-9
    return bool(a == b)


def same(who: str, name: str, found: Any, expected: Any) -> None:
    if not close(found, expected):
        raise SystemExit(f"Expected {who} to evaluate {name!r} to {expected!r} but it gives {found!r}")


def medians(rounds: list[Rates]) -> Rates:
    names = [name for name in CASES if all(name in one for one in rounds)]
    return {name: statistics.median(one[name] for one in rounds) for name in names}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=float, default=0.3, help="per expression and round")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--node", type=Path, default=ROOT / "tests" / "node", help="where feelin is installed")
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    peers: dict[str, list[str]] = {}
    if (chosen.node / "node_modules" / "feelin").is_dir():
        peers["feelin"] = ["node", str(ROOT / "benchmarks/feel/peer_feelin.mjs"), str(chosen.node)]
    if os.environ.get("OSTINATO_BENCH_PYSFEEL"):
        peers["pySFeel"] = [os.environ["OSTINATO_BENCH_PYSFEEL"], str(ROOT / "benchmarks/feel/peer_pysfeel.py")]
    for name in ("feelin", "pySFeel"):
        if name not in peers:
            print(f"{name}: absent, not measured")
    measured: dict[str, list[Rates]] = {}
    for _ in range(chosen.rounds):
        values, cold_rates, warm_rates = own(chosen.seconds)
        measured.setdefault("cold", []).append(cold_rates)
        measured.setdefault("warm", []).append(warm_rates)
        for name, command in peers.items():
            measured.setdefault(name, []).append(peer(command, chosen.seconds, values, name))
    table = {who: medians(rounds) for who, rounds in measured.items()}
    print(f"{'evaluations per second':24}" + "".join(f"{who:>14}" for who in table))
    for name in CASES:
        print(f"{name:24}" + "".join(f"{rates.get(name, float('nan')):>14,.0f}" for rates in table.values()))
    for who in peers:
        for mode in ("cold", "warm"):
            ratios = [table[mode][name] / rate for name, rate in table[who].items()]
            if ratios:
                print(f"lowest {mode} against {who}: {min(ratios):.1f}, on {len(ratios)} of {len(CASES)} expressions")
                print(f"ratio feel-{mode}-vs-{who} {statistics.median(ratios):.1f}")
    if chosen.json:
        chosen.json.write_text(json.dumps(table, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
