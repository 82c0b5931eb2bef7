"""What is kept outside Temporal, and what never is."""

from __future__ import annotations

import pytest
from temporalio.common import RawValue

from interpreter.workflow.large_values import THRESHOLD, inline_json
from interpreter.workflow.payloads import data_converter


class _Shelf:
    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def put(self, digest: str, data: bytes, instance_id: str) -> None:
        self.kept[digest] = data

    async def get(self, digest: str) -> bytes:
        return self.kept[digest]


@pytest.mark.parametrize("size", [10, THRESHOLD // 2 - 1, THRESHOLD // 2, THRESHOLD - 60, THRESHOLD, 10 * THRESHOLD])
async def test_what_any_worker_must_read_stays_inline(size: int) -> None:
    shelf = _Shelf()
    data = b'"' + b"x" * (size - 2) + b'"'
    (payload,) = await data_converter(shelf=shelf).encode([RawValue(inline_json(data))])
    assert (payload.data, payload.metadata["encoding"]) == (data, b"json/plain")
    assert shelf.kept == {}


@pytest.mark.parametrize("size", [10, THRESHOLD, 10 * THRESHOLD])
async def test_what_the_engine_tells_itself_comes_back_from_the_shelf(size: int) -> None:
    shelf = _Shelf()
    converter = data_converter(shelf=shelf)
    payloads = await converter.encode(["x" * size])
    assert await converter.decode(payloads) == ["x" * size]
    assert bool(shelf.kept) == (size >= THRESHOLD)
    assert payloads[0].ByteSize() < THRESHOLD
