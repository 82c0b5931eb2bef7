"""The tasks of the order process: one served by Temporal, one by external-task polling. Run `python tasks.py` beside
`ostinato dev`."""

from __future__ import annotations

import asyncio
import sys

from ostinato import BpmnError, Worker, task
from ostinato.settings import load
from ostinato.worker import Job


@task("charge-card")
async def charge_card(amount: float, card: str, job: Job) -> dict[str, object]:
    """Charge the card. A card that starts with 9 is declined: the process knows what to do then."""
    await asyncio.sleep(0.2)  # somebody else's server
    if card.startswith("9"):
        raise BpmnError("CARD_DECLINED", f"card {card} was declined", {"declined": True})
    return {"receipt": f"R-{job.id}", "charged": amount}


@task(topic="reserve-stock")
def reserve_stock(items: list[str]) -> dict[str, object]:
    """Reserve what was ordered."""
    return {"reserved": len(items)}


def main() -> int:
    """Serve both until Ctrl-C."""
    read = load()
    worker = Worker([charge_card, reserve_stock], temporal=read.temporal_address or "127.0.0.1:7233", url=read.url)
    worker.run_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
