"""Evaluates expressions with pySFeel; same protocol as peer_feelin.mjs. An expression it cannot run has no entry."""

from __future__ import annotations

import json
import sys
import time
from typing import Any


def main() -> None:
    import pySFeel  # type: ignore[import-not-found]  # a peer, installed in an environment of its own

    task = json.load(sys.stdin)
    answer: dict[str, Any] = {}
    for name, expression in task["cases"].items():
        parser = pySFeel.SFeelParser()
        for variable, value in task["data"].items():
            parser.sFeelParse(f"{variable} <- {literal(value)}")

        def once(parser: Any = parser, expression: str = expression) -> Any:
            status, value = parser.sFeelParse(expression)
            if "errors" in status:
                raise ValueError(status["errors"])
            return value

        try:
            value = once()
            json.dumps(value)
        except Exception as problem:
            print(f"{name}: {problem}", file=sys.stderr)
            continue
        count = 0
        start = time.perf_counter()
        while time.perf_counter() - start < task["seconds"]:
            once()
            count += 1
        answer[name] = {"value": value, "perSecond": count / (time.perf_counter() - start)}
    sys.stdout.write(json.dumps(answer))


def literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {literal(item)}" for key, item in value.items()) + "}"
    return str(value)


if __name__ == "__main__":
    main()
