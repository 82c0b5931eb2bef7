"""JSON for the engine's vocabulary: every command, event, wait, effect, rejection and the parts of a definition.

A dataclass becomes an object with its name under ``"t"``; fields that have their default are left out. A `Typed`
variable value becomes ``{"$typed": type, "value": ..., "info": ...}``; a plain object that has a key ``$typed``
itself is wrapped.

    to_json(CompleteWait(now=1, wait=2)) == {"t": "CompleteWait", "now": 1, "wait": 2}
    from_json({"t": "CompleteWait", "now": 1, "wait": 2}) == CompleteWait(now=1, wait=2)
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from interpreter import commands, effects, events, values, waits
from interpreter.values import Typed

Encode = Callable[[Any], Any]
Decode = Callable[[Any, str], Any]

_encoders: dict[type, Encode] = {}
_decoders: dict[str, Decode] = {}
_classes: dict[str, type] = {}


def to_json(obj: Any) -> dict[str, Any]:
    """The JSON form of a registered dataclass."""
    encoder = _encoders.get(typing.cast("type[Any]", type(obj)))
    if encoder is None:
        raise TypeError(f"Expected one of the engine's dataclasses but it was {type(obj).__name__!r}.")
    return encoder(obj)


def from_json(data: Any) -> Any:
    """The dataclass that `data` says. ValueError names the field that is wrong."""
    return _decode_tagged(data, "")


def encode_value(value: Any) -> Any:
    """The JSON form of a variable value."""
    if type(value) is Typed:
        return {"$typed": value.type, "value": value.value, "info": value.info}
    if type(value) is dict:
        fields = typing.cast("dict[str, Any]", value)
        return {"$typed": "$plain", "value": fields} if "$typed" in fields else fields
    return value


def decode_value(data: Any) -> Any:
    """The variable value whose JSON form `data` is."""
    if type(data) is dict:
        fields = typing.cast("dict[str, Any]", data)
        if "$typed" not in fields:
            return fields
        kind = fields["$typed"]
        if kind == "$plain":
            return fields.get("value")
        if not isinstance(kind, str):
            raise ValueError(f"Expected the name of a type in '$typed' but it was {kind!r}.")
        return Typed(kind, fields.get("value"), fields.get("info") or {})
    return data


def register(*classes: type) -> None:
    """Make dataclasses known; those that their fields mention must be registered too (before use, not before this
    call)."""
    for cls in classes:
        name = cls.__name__
        known = _classes.get(name)
        assert known is None or known is cls, f"two dataclasses are called {name!r}"
        _classes[name] = cls
        _encoders[cls] = _lazy_encoder(cls)
        _decoders[name] = _lazy_decoder(cls)


def registered() -> Mapping[str, type]:
    """All known dataclasses by name."""
    return _classes


# -- building encoders and decoders from the dataclasses' annotations


def _lazy_encoder(cls: type) -> Encode:
    def first(obj: Any) -> Any:
        built = _encoders[cls] = _build_encoder(cls)
        return built(obj)

    return first


def _lazy_decoder(cls: type) -> Decode:
    def first(data: Any, where: str) -> Any:
        built = _decoders[cls.__name__] = _build_decoder(cls)
        return built(data, where)

    return first


_MISSING: Any = object()


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return _MISSING


def _fields(cls: type) -> list[dataclasses.Field[Any]]:
    return [f for f in dataclasses.fields(cls) if f.init]


def _hints(cls: type) -> dict[str, Any]:
    # A definition's nodes are linked to behaviours, whose module cannot be imported from there.
    return typing.get_type_hints(cls, localns={"Behavior": object})


def _build_encoder(cls: type) -> Encode:
    hints = _hints(cls)
    rows = [(f.name, _default(f), _field_encoder(hints[f.name])) for f in _fields(cls)]
    name = cls.__name__

    def encode(obj: Any) -> dict[str, Any]:
        out: dict[str, Any] = {"t": name}
        for field, default, encoder in rows:
            value = getattr(obj, field)
            if value is default or (default is not _MISSING and value == default and type(value) is type(default)):
                continue
            out[field] = value if encoder is None else encoder(value)
        return out

    return encode


def _field_encoder(hint: Any) -> Encode | None:
    """None when the value is its own JSON form."""
    if hint is Any or hint is object:
        return encode_value
    if hint in (str, int, float, bool, type(None)):
        return None
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        inner = [_field_encoder(a) for a in arguments if a is not type(None)]
        if all(e is None for e in inner):
            return None
        if len(inner) == 1 and inner[0] is not None:
            return _optional(inner[0])
        return lambda value: None if value is None else to_json(value)
    if origin is tuple:
        item = _field_encoder(arguments[0])
        return list if item is None else (lambda value: [item(v) for v in value])
    if origin is dict:
        item = _field_encoder(arguments[1])
        return None if item is None else (lambda value: {k: item(v) for k, v in value.items()})
    if dataclasses.is_dataclass(hint):
        return to_json
    raise TypeError(f"no JSON form for {hint!r}")


def _optional(encoder: Encode) -> Encode:
    return lambda value: None if value is None else encoder(value)


def _build_decoder(cls: type) -> Decode:
    hints = _hints(cls)
    rows = {f.name: _field_decoder(hints[f.name]) for f in _fields(cls)}
    required = [f.name for f in _fields(cls) if _default(f) is _MISSING]
    name = cls.__name__

    def decode(data: Any, where: str) -> Any:
        arguments: dict[str, Any] = {}
        for key, value in data.items():
            if key == "t":
                continue
            decoder = rows.get(key)
            if decoder is None:
                raise ValueError(f"Expected a field of {name} but it was {key!r}.")
            arguments[key] = decoder(value, f"{where}{name}.{key}")
        for key in required:
            if key not in arguments:
                raise ValueError(f"Expected field '{where}{name}.{key}' but it was absent.")
        return cls(**arguments)

    return decode


def _scalar(kind: type, what: str) -> Decode:
    def decode(value: Any, where: str) -> Any:
        if type(value) is kind:
            return value
        if kind is float and type(value) is int:
            return float(value)
        raise ValueError(f"Expected {what} in '{where}' but it was {value!r:.80}.")

    return decode


_SCALARS: dict[Any, Decode] = {
    str: _scalar(str, "a string"),
    int: _scalar(int, "a whole number"),
    float: _scalar(float, "a number"),
    bool: _scalar(bool, "true or false"),
}


def _field_decoder(hint: Any) -> Decode:
    if hint is Any or hint is object:
        return lambda value, where: decode_value(value)
    if hint in _SCALARS:
        return _SCALARS[hint]
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        inner = [a for a in arguments if a is not type(None)]
        if len(inner) == 1:
            item = _field_decoder(inner[0])
            return lambda value, where: None if value is None else item(value, where)
        return lambda value, where: None if value is None else _decode_tagged(value, where + ".")
    if origin is tuple:
        item = _field_decoder(arguments[0])

        def decode_tuple(value: Any, where: str) -> Any:
            if type(value) is not list and type(value) is not tuple:
                raise ValueError(f"Expected a list in '{where}' but it was {value!r:.80}.")
            sequence = typing.cast("list[Any]", value)
            return tuple([item(v, where) for v in sequence])

        return decode_tuple
    if origin is dict:
        item = _field_decoder(arguments[1])

        def decode_dict(value: Any, where: str) -> Any:
            if type(value) is not dict:
                raise ValueError(f"Expected an object in '{where}' but it was {value!r:.80}.")
            return {k: item(v, where) for k, v in typing.cast("dict[str, Any]", value).items()}

        return decode_dict
    if dataclasses.is_dataclass(hint):
        return lambda value, where: _decode_tagged(value, where + ".")
    raise TypeError(f"no JSON form for {hint!r}")


def _decode_tagged(data: Any, where: str) -> Any:
    if type(data) is not dict:
        raise ValueError(f"Expected an object in '{where.rstrip('.') or 'data'}' but it was {data!r:.80}.")
    tag = typing.cast("dict[str, Any]", data).get("t")
    decoder = _decoders.get(tag) if isinstance(tag, str) else None
    if decoder is None:
        raise ValueError(f"Expected the name of a command, event, wait or effect in '{where}t' but it was {tag!r:.80}.")
    return decoder(typing.cast(Any, data), where)


def _members(module: types.ModuleType) -> list[type]:
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type) and dataclasses.is_dataclass(value) and value.__module__ == module.__name__
    ]


register(*_members(values), *_members(waits), *_members(commands), *_members(events), *_members(effects))
