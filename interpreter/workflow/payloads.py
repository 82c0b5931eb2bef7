"""Temporal payloads: JSON through orjson (compatible with every SDK's json/plain), and the place where definitions
are loaded ahead.

A payload that names a definition says so in its metadata. On the worker, `DefinitionWarmer` sees it while the
activation is decoded, which is asynchronous and before the workflow runs, and loads the definition there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Self, cast

import orjson
from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    BinaryNullPayloadConverter,
    BinaryPlainPayloadConverter,
    BinaryProtoPayloadConverter,
    CompositePayloadConverter,
    DataConverter,
    EncodingPayloadConverter,
    JSONProtoPayloadConverter,
    PayloadCodec,
    SerializationContext,
    value_to_type,
)

from interpreter.workflow.definitions import DefinitionCache
from interpreter.workflow.large_values import Shelf, storage

DEFINITION = "ostinato-definition"
"""Metadata key of a payload that names a definition; the value is its hash."""

_ENCODING = {"encoding": b"json/plain"}


class OrjsonPayloadConverter(EncodingPayloadConverter):
    """json/plain by orjson; what orjson refuses (integers beyond 64 bits, lone surrogates) goes through the standard
    library."""

    @property
    def encoding(self) -> str:
        """The name in the payload's metadata."""
        return "json/plain"

    def to_payload(self, value: Any) -> Payload | None:
        """Encode; an object with a definition's hash gets it into the metadata too."""
        try:
            data = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
        except TypeError:
            data = json.dumps(value, separators=(",", ":")).encode()
        if type(value) is dict:
            fields = cast("dict[str, Any]", value)
            named = fields.get("definition_hash") or fields.get("target_hash")
            if type(named) is str:
                return Payload(metadata={"encoding": b"json/plain", DEFINITION: named.encode()}, data=data)
        return Payload(metadata=_ENCODING, data=data)

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        """Decode; ValueError (a RuntimeError for Temporal) when it is not JSON."""
        try:
            value = orjson.loads(payload.data)
        except orjson.JSONDecodeError:
            try:
                value = json.loads(payload.data)
            except ValueError as error:
                raise RuntimeError(f"Expected a JSON payload but it was not: {error}") from error
        if type_hint is None or type_hint is Any:
            return value
        return value_to_type(type_hint, value)


class OstinatoPayloadConverter(CompositePayloadConverter):
    """Temporal's default converters with orjson in place of json.

    Temporal makes a new one several times for every workflow task, and for every payload where external storage is
    configured; the single converters have no state and no context, so that all share them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.converters = _CONVERTERS

    def with_context(self, context: SerializationContext) -> Self:
        """Itself: nothing here depends on where a payload belongs."""
        return self


_CONVERTERS: Final[Mapping[bytes, EncodingPayloadConverter]] = {
    converter.encoding.encode(): converter
    for converter in (
        BinaryNullPayloadConverter(),
        BinaryPlainPayloadConverter(),
        JSONProtoPayloadConverter(),
        BinaryProtoPayloadConverter(),
        OrjsonPayloadConverter(),
    )
}


class DefinitionWarmer(PayloadCodec):
    """Changes no payload; loads the definitions that payloads name while they are decoded."""

    def __init__(self, definitions: DefinitionCache) -> None:
        self._definitions = definitions

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """As it is."""
        return list(payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """As it is, once the definitions are there."""
        for payload in payloads:
            named = payload.metadata.get(DEFINITION)
            if named:
                await self._definitions.warm(named.decode())
        return list(payloads)


_CONVERTER = replace(DataConverter.default, payload_converter_class=OstinatoPayloadConverter)


def data_converter(definitions: DefinitionCache | None = None, shelf: Shelf | None = None) -> DataConverter:
    """The converter of the API (without `definitions`) and of the engine's worker (with its cache). Without a `shelf`
    Temporal's limit of 2 MB holds for every payload."""
    converter = _CONVERTER
    if definitions is not None:
        converter = replace(converter, payload_codec=DefinitionWarmer(definitions))
    if shelf is not None:
        converter = replace(converter, external_storage=storage(shelf))
    return converter
