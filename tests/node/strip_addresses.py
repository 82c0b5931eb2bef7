"""Take every address out of a package-lock.json: where a package comes from is the machine's business."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ADDRESSES = ("resolved", "funding")


def strip(lock: Path) -> None:
    """Rewrite the file as npm would, without the fields that hold addresses."""
    content = json.loads(lock.read_text())
    for package in content["packages"].values():
        for field in ADDRESSES:
            package.pop(field, None)
    lock.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    strip(Path(sys.argv[1]))
