"""Camunda's typed variables, ``{"type", "value", "valueInfo"}``, to and from the engine's values.

The engine holds JSON data, or `Typed` for what JSON does not say. In: the type is case-insensitive and inferred when
absent; strings are converted as Camunda converts them. Out: `type` and `valueInfo` are always there. `Json` values and
`Object` values in ``application/json`` are held as parsed data, so that expressions reach into them, and leave as text
(or as structure where the caller asked for deserialised objects). Sizes are bounded, as Temporal's payloads are.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, cast

import orjson
from typing_extensions import TypedDict

from api.dates import format_date, parse_date
from api.errors import RestError, invalid_request
from interpreter.values import Typed, VariableValue

#: The largest plain string, the largest structured or binary variable, and the most that one call may carry, in bytes
#: of JSON. Text beyond the first belongs into a Json, Bytes or File variable, which the engine keeps outside its
# history.
MAX_STRING_BYTES: Final = 1_000_000
MAX_VARIABLE_BYTES: Final = 14_000_000
MAX_VARIABLES_BYTES: Final = 15_000_000
LARGE_TYPES: Final = frozenset({"json", "object", "bytes", "file", "xml"})
MAX_NAME_LENGTH: Final = 255

JSON_FORMAT: Final = "application/json"
JAVA_FORMAT: Final = "application/x-java-serialized-object"

_RANGES: Final = {
    "Short": (-(2**15), 2**15 - 1),
    "Integer": (-(2**31), 2**31 - 1),
    "Long": (-(2**63), 2**63 - 1),
}


class VariableValueDto(TypedDict):
    """A variable's value on the wire."""

    type: str | None
    value: Any
    valueInfo: dict[str, Any]


def read_variables(data: object, field: str = "variables") -> dict[str, VariableValue]:
    """The engine's values for a map of variables in a request; None is no variables. RestError 400 names the field."""
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise invalid_request(f'Expected "{field}" to be an object of variables but it was {_kind(data)}.')
    variables: dict[str, VariableValue] = {}
    total = 0
    for name, dto in cast("Mapping[str, object]", data).items():
        value, size = _read_sized(dto, field, name)
        variables[name] = value
        total += size
    if total > MAX_VARIABLES_BYTES:
        raise invalid_request(
            f'Expected the variables of "{field}" to take at most {MAX_VARIABLES_BYTES} bytes together '
            f"but they take {total}."
        )
    return variables


def read_variable(dto: object, field: str, name: str) -> VariableValue:
    """The engine's value for one variable `name` of the request field `field`. RestError 400 when it cannot be one."""
    return _read_sized(dto, field, name)[0]


def variable_dto(value: VariableValue, deserialize: bool = True) -> VariableValueDto:
    """The wire form of an engine value. `deserialize` answers Object values as structure instead of text."""
    if isinstance(value, Typed):
        return _typed_dto(value, deserialize)
    if value is None:
        return {"type": "Null", "value": None, "valueInfo": {}}
    if isinstance(value, bool):
        return {"type": "Boolean", "value": value, "valueInfo": {}}
    if isinstance(value, int):
        return {"type": "Integer" if _fits(value, "Integer") else "Long", "value": value, "valueInfo": {}}
    if isinstance(value, float | Decimal):
        return {"type": "Double", "value": float(value), "valueInfo": {}}
    if isinstance(value, str):
        return {"type": "String", "value": value, "valueInfo": {}}
    return _typed_dto(Typed("Object", value), deserialize)


def variable_dtos(variables: Mapping[str, VariableValue], deserialize: bool = True) -> dict[str, VariableValueDto]:
    """The wire form of a map of engine values."""
    return {name: variable_dto(value, deserialize) for name, value in variables.items()}


def type_name(value: VariableValue) -> str:
    """Camunda's type name of an engine value, with a capital."""
    return variable_dto(value, deserialize=True)["type"] or "Null"


def binary_content(value: VariableValue, name: str) -> tuple[bytes, str, str | None]:
    """Bytes, media type and file name of a File or Bytes variable. RestError 400 for any other type."""
    if isinstance(value, Typed) and value.type in ("File", "Bytes"):
        content = base64.b64decode(value.value or "")
        if value.type == "Bytes":
            return content, "application/octet-stream", None
        media = str(value.info.get("mimetype") or value.info.get("mimeType") or "application/octet-stream")
        encoding = value.info.get("encoding")
        return content, f"{media}; charset={encoding}" if encoding else media, str(value.info.get("filename") or name)
    raise invalid_request(
        f'Expected the variable "{name}" to be of type File or Bytes, the ones that have binary data, '
        f"but it is of type {type_name(value)}."
    )


def file_value(content: bytes, filename: str, mimetype: str | None, encoding: str | None, name: str) -> Typed:
    """A File value for an uploaded part. RestError 400 when it is too large."""
    value = Typed("File", base64.b64encode(content).decode(), _file_info(filename, mimetype, encoding))
    _check_size(value.value, "data", name, MAX_VARIABLE_BYTES)
    return value


def bytes_value(content: bytes, name: str) -> Typed:
    """A Bytes value for an uploaded part. RestError 400 when it is too large."""
    value = Typed("Bytes", base64.b64encode(content).decode())
    _check_size(value.value, "data", name, MAX_VARIABLE_BYTES)
    return value


def dump_text(value: object) -> str:
    """JSON text of a value that may hold Decimals."""
    return orjson.dumps(value, default=_default).decode()


def _default(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"Expected JSON data but it was {type(value).__name__}.")


# --- in -------------------------------------------------------------------------------------------------------------


def _read_sized(dto: object, field: str, name: str) -> tuple[VariableValue, int]:
    if not isinstance(dto, Mapping):
        raise invalid_request(
            f'Expected "{field}.{name}" to be an object with "value" and "type" but it was {_kind(dto)}.'
        )
    if not name or len(name) > MAX_NAME_LENGTH:
        raise invalid_request(
            f'Expected a variable name of 1 to {MAX_NAME_LENGTH} characters in "{field}" but it has {len(name)}.'
        )
    data = cast("Mapping[str, object]", dto)
    size = _check_size(data.get("value"), field, name, _limit(data))
    declared = data.get("type")
    info = data.get("valueInfo")
    if info is not None and not isinstance(info, Mapping):
        raise invalid_request(f'Expected "{field}.{name}.valueInfo" to be an object but it was {_kind(info)}.')
    value_info = {key: item for key, item in cast("Mapping[str, Any]", info or {}).items() if item is not None}
    transient = value_info.get("transient") in (True, "true")
    if declared is None or declared == "":
        value = _infer(data.get("value"))
    else:
        if not isinstance(declared, str):
            raise invalid_request(f'Expected "{field}.{name}.type" to be a text but it was {_kind(declared)}.')
        reader = _READERS.get(declared.lower())
        if reader is None:
            raise invalid_request(
                f'Cannot read the variable "{name}" of "{field}": unsupported value type \'{declared}\'; '
                f"expected one of {', '.join(_TYPE_NAMES)}."
            )
        try:
            value = reader(data.get("value"), value_info)
        except (ValueError, OverflowError) as error:
            raise invalid_request(f'Cannot read the variable "{name}" of "{field}": {error}') from error
    if transient:
        value = _transient(value)
    return value, size


def _infer(value: object) -> VariableValue:
    if isinstance(value, int) and not isinstance(value, bool) and not _fits(value, "Long"):
        return float(value)
    return value


def _transient(value: VariableValue) -> Typed:
    if isinstance(value, Typed):
        return Typed(value.type, value.value, {**value.info, "transient": True})
    return Typed(type_name(value), value, {"transient": True})


def _limit(data: Mapping[str, object]) -> int:
    """How large a variable on the wire may be: by its type, else by its value."""
    named = data.get("type")
    if named is None:
        return MAX_VARIABLE_BYTES if isinstance(data.get("value"), list | dict) else MAX_STRING_BYTES
    return MAX_VARIABLE_BYTES if str(named).lower() in LARGE_TYPES else MAX_STRING_BYTES


def _check_size(value: object, field: str, name: str, limit: int) -> int:
    size = len(value.encode("utf-8", "surrogatepass")) if isinstance(value, str) else 8
    if isinstance(value, list | dict):
        size = len(orjson.dumps(value))
    if size > limit:
        raise _too_large(field, name, size, limit)
    return size


def _too_large(field: str, name: str, size: int, limit: int) -> RestError:
    if limit == MAX_STRING_BYTES:
        hint = "send long text as a Json, Xml, Bytes or File variable."
    else:
        hint = "keep large content outside the process and store a reference to it."
    return invalid_request(
        f'Expected the variable "{name}" of "{field}" to take at most {limit} bytes but it takes {size}; {hint}'
    )


def _read_boolean(value: object, info: dict[str, Any]) -> VariableValue:
    if value is None:
        return Typed("Boolean", None)
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise ValueError(f"expected true or false for type Boolean but it was {_show(value)}.")


def _read_string(value: object, info: dict[str, Any]) -> VariableValue:
    if value is None:
        return Typed("String", None)
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise ValueError(f"expected a text for type String but it was {_kind(value)}.")


def _read_whole(kind: str) -> Callable[[object, dict[str, Any]], VariableValue]:
    def read(value: object, info: dict[str, Any]) -> VariableValue:
        if value is None:
            return Typed(kind, None)
        number = _whole(value, kind)
        if not _fits(number, kind):
            raise ValueError(f"expected a whole number in the range of type {kind} but it was {number}.")
        inferred = "Integer" if _fits(number, "Integer") else "Long"
        return number if kind == inferred else Typed(kind, number)

    return read


def _whole(value: object, kind: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and len(value) <= 20:
        text = value.strip()
        if text.lstrip("+-").isascii() and text.lstrip("+-").isdigit():
            return int(text)
    raise ValueError(f"expected a whole number for type {kind} but it was {_show(value)}.")


def _read_double(value: object, info: dict[str, Any]) -> VariableValue:
    if value is None:
        return Typed("Double", None)
    number: float | None = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
    elif isinstance(value, str) and len(value) <= 400 and "_" not in value:
        try:
            number = float(value)
        except ValueError:
            number = None
    if number is None or not math.isfinite(number):
        raise ValueError(f"expected a finite number for type Double but it was {_show(value)}.")
    return number


def _read_null(value: object, info: dict[str, Any]) -> VariableValue:
    if value is not None:
        raise ValueError(f"expected null for type Null but it was {_show(value)}.")
    return None


def _read_date(value: object, info: dict[str, Any]) -> VariableValue:
    if value is None:
        return Typed("Date", None)
    if not isinstance(value, str):
        raise ValueError(f"expected a date as text for type Date but it was {_kind(value)}.")
    return Typed("Date", parse_date(value).isoformat(timespec="milliseconds").replace("+00:00", "Z"))


def _read_bytes(value: object, info: dict[str, Any]) -> VariableValue:
    if value is None:
        return Typed("Bytes", None)
    return Typed("Bytes", _base64(value, "Bytes"))


def _read_file(value: object, info: dict[str, Any]) -> VariableValue:
    filename = info.get("filename")
    if not isinstance(filename, str) or not filename:
        raise ValueError('expected "filename" in the valueInfo of type File but it is absent.')
    mimetype = info.get("mimetype") or info.get("mimeType")
    content = "" if value is None else _base64(value, "File")
    return Typed("File", content, _file_info(filename, mimetype, info.get("encoding")))


def _file_info(filename: str, mimetype: object, encoding: object) -> dict[str, Any]:
    info: dict[str, Any] = {"filename": filename}
    if mimetype:
        info["mimetype"] = str(mimetype)
    if encoding:
        info["encoding"] = str(encoding)
    return info


def _base64(value: object, kind: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected base64 text for type {kind} but it was {_kind(value)}.")
    try:
        return base64.b64encode(base64.b64decode("".join(value.split()), validate=True)).decode()
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"expected base64 text for type {kind} but it cannot be decoded ({error}).") from error


def _read_json(value: object, info: dict[str, Any]) -> VariableValue:
    if value is None:
        return Typed("Json", None)
    return Typed("Json", _parsed(value, "Json") if isinstance(value, str) else value)


def _parsed(text: str, kind: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"expected JSON text for type {kind} but it cannot be parsed ({error}).") from error


def _read_xml(value: object, info: dict[str, Any]) -> VariableValue:
    if value is not None and not isinstance(value, str):
        raise ValueError(f"expected XML as text for type Xml but it was {_kind(value)}.")
    return Typed("Xml", value)


def _read_object(value: object, info: dict[str, Any]) -> VariableValue:
    if value is not None and not isinstance(value, str):
        raise ValueError(f"expected a text or null as the value of type Object but it was {_kind(value)}.")
    data_format = info.get("serializationDataFormat") or JSON_FORMAT
    if data_format == JAVA_FORMAT:
        raise ValueError(
            f"expected a serialization format that is not {JAVA_FORMAT}: Java objects cannot be read here."
        )
    kept = {key: item for key, item in info.items() if key in ("objectTypeName", "serializationDataFormat")}
    kept["serializationDataFormat"] = data_format
    if value is None or data_format != JSON_FORMAT:
        return Typed("Object", value, kept)
    return Typed("Object", _parsed(value, "Object"), kept)


_READERS: Final[dict[str, Callable[[object, dict[str, Any]], VariableValue]]] = {
    "boolean": _read_boolean,
    "string": _read_string,
    "short": _read_whole("Short"),
    "integer": _read_whole("Integer"),
    "long": _read_whole("Long"),
    "double": _read_double,
    "null": _read_null,
    "date": _read_date,
    "bytes": _read_bytes,
    "file": _read_file,
    "json": _read_json,
    "xml": _read_xml,
    "object": _read_object,
}
_TYPE_NAMES: Final = [name.capitalize() for name in _READERS]


# --- out ------------------------------------------------------------------------------------------------------------


def _typed_dto(value: Typed, deserialize: bool) -> VariableValueDto:
    info = {key: item for key, item in value.info.items() if key != "transient"}
    content = value.value
    if value.type == "Object" and "serializationDataFormat" not in info:
        class_name = "java.util.ArrayList" if isinstance(content, list) else "java.util.LinkedHashMap"
        info = {"objectTypeName": class_name, "serializationDataFormat": JSON_FORMAT, **info}
    as_text = value.type == "Json" or (not deserialize and info.get("serializationDataFormat") == JSON_FORMAT)
    if value.type == "File":
        content = None
    elif as_text and content is not None:
        content = dump_text(content)
    elif value.type == "Date" and isinstance(content, str):
        content = _camunda_date(content)
    return {"type": value.type, "value": content, "valueInfo": info}


def _camunda_date(text: str) -> str:
    try:
        return format_date(parse_date(text))
    except ValueError:
        return text  # a date that no calendar has (a FEEL expiry such as year 99999) is shown as the model wrote it


def _fits(number: int, kind: str) -> bool:
    low, high = _RANGES[kind]
    return low <= number <= high


def _show(value: object) -> str:
    return f"'{value[:80]}'" if isinstance(value, str) else str(value)[:80]


def _kind(value: object) -> str:
    """What a JSON value is, for messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text"
    return "a list" if isinstance(value, list) else "an object"
