"""Answers as CSV, for the few reports that have them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, Final

from starlette.responses import Response

CSV: Final = ("text/csv", "application/csv")


def csv_response(filename: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A table as a download."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(rows)
    headers = {"Content-Type": "text/csv", "Content-Disposition": f'attachment; filename="{filename}"'}
    return Response(text.getvalue().encode(), headers=headers)
