"""Decides the benchmark's table with pyDMNrules; same protocol as peer_feelin.mjs, with the DMN document as `xml`."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import pyDMNrules


def main() -> None:
    task = json.load(sys.stdin)
    engine = pyDMNrules.DMN()
    status = engine.useXML(task["xml"])
    if status.get("errors"):
        raise SystemExit(f"Expected pyDMNrules to read the table but: {status['errors']}")

    def decide(context: dict[str, Any]) -> Any:
        state, decision = engine.decide(dict(context))
        if state.get("errors"):
            raise SystemExit(f"Expected a decision but: {state['errors']}")
        return (decision[-1] if isinstance(decision, list) else decision)["Result"]

    results = [decide(context) for context in task["contexts"][:3]]
    started = time.perf_counter()
    count = 0
    while time.perf_counter() - started < task["seconds"]:
        decide(task["contexts"][count % len(task["contexts"])])
        count += 1
    print(json.dumps({"results": results, "perSecond": count / (time.perf_counter() - started)}, default=str))


if __name__ == "__main__":
    main()
