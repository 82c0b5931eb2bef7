"""Decision tables: decisions per second of this engine against SpiffWorkflow's DMN, feelin and pyDMNrules.

    python benchmarks/bench_dmn.py [--seconds 2] [--rounds 3] [--json FILE]

Same table, same inputs, same run; results are compared before anything is timed. Tables of 10 and 1,000 rules, hit
policy UNIQUE. feelin is taken from tests/node (`make setup` installs it); pyDMNrules from this Python (dependency group
`bench`) or the one that OSTINATO_BENCH_PYDMNRULES names. A peer that is absent is left out, and the output says so.
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
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.dmn.pricing_table import contexts, document, rules  # noqa: E402 - the path is set first
from dmn import compile_dmn, parse_dmn, to_json  # noqa: E402

SIZES = (10, 1000)
Decide = Callable[[dict[str, Any]], Any]


def per_second(decide: Decide, inputs: list[dict[str, Any]], seconds: float) -> float:
    count = 0
    started = time.perf_counter()
    end = started + seconds
    while time.perf_counter() < end:
        for context in inputs[:50]:
            decide(context)
        count += 50
        inputs = inputs[50:] + inputs[:50]
    return count / (time.perf_counter() - started)


def ours(size: int) -> Decide:
    model = compile_dmn(parse_dmn(document(size)), strict=True)
    return lambda context: to_json(model.evaluate("price", context).value)


def spiff(size: int) -> Decide:
    from lxml import etree
    from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
    from SpiffWorkflow.dmn.engine.DMNEngine import DMNEngine
    from SpiffWorkflow.dmn.parser.DMNParser import DMNParser

    root = etree.fromstring(document(size))
    parser = DMNParser(None, root, {"dmn": root.nsmap[None]})
    parser.parse()
    engine = DMNEngine(parser.decision.decisionTables[0])
    scripts = PythonScriptEngine()

    def decide(context: dict[str, Any]) -> Any:
        task = SimpleNamespace(data=dict(context), workflow=SimpleNamespace(script_engine=scripts))
        return engine.result(task)

    return decide


def in_process(name: str, size: int, seconds: float, rounds: int, expected: list[Any] | None) -> dict[str, Any]:
    decide = {"ostinato": ours, "SpiffWorkflow": spiff}[name](size)
    inputs = contexts(1000, size)
    results = [decide(context) for context in inputs[:20]]
    if expected is not None:
        _same(name, results, expected)
    rates = [per_second(decide, inputs, seconds) for _ in range(rounds)]
    return {"results": results, "perSecond": statistics.median(rates)}


def external(name: str, command: list[str], size: int, seconds: float, rounds: int, expected: list[Any]) -> Any:
    task = {
        "rules": rules(size),
        "contexts": contexts(1000, size),
        "xml": document(size).decode(),
        "seconds": seconds,
    }
    rates: list[float] = []
    for _ in range(rounds):
        done = subprocess.run(command, input=json.dumps(task), capture_output=True, text=True, check=False, timeout=600)
        if done.returncode != 0:
            return f"failed: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else done.returncode}"
        answer = json.loads(done.stdout)
        _same(name, answer["results"], expected[: len(answer["results"])])
        rates.append(answer["perSecond"])
    return {"perSecond": statistics.median(rates)}


def _same(name: str, results: list[Any], expected: list[Any]) -> None:
    if [_plain(result) for result in results] != [_plain(result) for result in expected]:
        raise SystemExit(f"Expected {name} to decide {expected[:2]} but it decided {results[:2]}")


def _plain(result: Any) -> Any:
    """Only the outputs, numbers as floats: peers answer with int, float or Decimal, some repeat the inputs."""
    return {"list": result["list"], "discount": float(result["discount"])}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=float, default=2.0)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    node = ROOT / "tests" / "node"
    pydmn = os.environ.get("OSTINATO_BENCH_PYDMNRULES") or (sys.executable if find_spec("pyDMNrules") else None)
    table: dict[str, dict[int, float]] = {}
    for size in SIZES:
        own = in_process("ostinato", size, chosen.seconds, chosen.rounds, None)
        table.setdefault("ostinato", {})[size] = own["perSecond"]
        peer = in_process("SpiffWorkflow", size, chosen.seconds, chosen.rounds, own["results"])
        table.setdefault("SpiffWorkflow", {})[size] = peer["perSecond"]
        commands = {
            "feelin": ["node", str(ROOT / "benchmarks/dmn/peer_feelin.mjs"), str(node)],
            "pyDMNrules": [pydmn or "", str(ROOT / "benchmarks/dmn/peer_pydmnrules.py")],
        }
        present = {"feelin": (node / "node_modules" / "feelin").is_dir(), "pyDMNrules": bool(pydmn)}
        for name, command in commands.items():
            if not present[name]:
                print(f"{name}: absent, not measured")
                continue
            answer = external(name, command, size, chosen.seconds, chosen.rounds, own["results"])
            if isinstance(answer, str):
                print(f"{name} ({size} rules): {answer}")
            else:
                table.setdefault(name, {})[size] = answer["perSecond"]
    print(f"{'decisions per second':24}" + "".join(f"{size:>14} rules" for size in SIZES))
    for name, rates in table.items():
        print(f"{name:24}" + "".join(f"{rates.get(size, float('nan')):>20,.0f}" for size in SIZES))
    for size in SIZES:
        for name, rates in table.items():
            if name != "ostinato" and size in rates:
                print(f"ratio dmn-{size}-rules-vs-{name} {table['ostinato'][size] / rates[size]:.1f}")
    print(f"ratio dmn-10-rules-vs-1000-rules {table['ostinato'][10] / table['ostinato'][1000]:.2f}")
    if chosen.json:
        chosen.json.write_text(json.dumps(table, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
