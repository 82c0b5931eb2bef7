"""Generated task forms (camunda:formData): the fields of a form, what a submission must fulfil, and how it looks.

Fields are the engine's objects: `id`, `label`, `type`, `datePattern`, `defaultValue`, `constraints` [{name, config}],
`values` {id: name}, `properties`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from html import escape
from typing import Any, Final

from api.dates import parse_date
from api.errors import RestError, rest_exception
from api.variables import type_name
from interpreter.commands import Variables
from interpreter.values import Typed

_VARIABLE_TYPES: Final = {
    "string": "String",
    "long": "Long",
    "boolean": "Boolean",
    "date": "Date",
    "enum": "String",
}
_DEFAULT_PATTERN: Final = "dd/MM/yyyy"
_JAVA_TO_PYTHON: Final = {
    "yyyy": "%Y",
    "MM": "%m",
    "dd": "%d",
    "HH": "%H",
    "mm": "%M",
    "ss": "%S",
    "yy": "%y",
}

Field = Mapping[str, Any]


def submitted(fields: Sequence[Field], values: Variables, visible: Variables, operation: str) -> Variables:
    """The variables that a submission sets: declared fields converted and checked, the others as they are.

    `visible` is what the form's scope holds already. RestError 400 names the field that is wrong.
    """
    result = dict(values)
    for field in fields:
        name = str(field.get("id") or "")
        given = name in values and _plain(values[name]) not in (None, "")
        try:
            _check_presence(field, name, given, name in visible)
            if given:
                value = _convert(field, values[name])
                _check_constraints(field, value)
                result[name] = value
            elif name not in visible and field.get("defaultValue") not in (None, ""):
                result[name] = _convert(field, field["defaultValue"])
        except ValueError as error:
            raise _invalid(operation, name, str(error)) from error
    return result


def defaults(fields: Sequence[Field]) -> Variables:
    """The values that a form begins with."""
    found: Variables = {}
    for field in fields:
        name, text = str(field.get("id")), field.get("defaultValue")
        found[name] = Typed(_variable_type(field), None)
        if text not in (None, ""):
            with suppress(ValueError):  # an expression, which only the engine can evaluate: the form begins empty
                found[name] = _convert(field, text)
    return found


def render(fields: Sequence[Field], values: Variables) -> str:
    """The form as XHTML with Camunda's attributes, for browser applications that embed it."""
    rows = "".join(_row(field, values.get(str(field.get("id")))) for field in fields)
    return f'<form name="generatedForm" role="form">{rows}</form>'


def _check_presence(field: Field, name: str, given: bool, exists: bool) -> None:
    names = {constraint.get("name") for constraint in field.get("constraints") or ()}
    if "readonly" in names and given:
        raise ValueError("the field is read-only but a value was submitted")
    if "required" in names and not given and not exists and field.get("defaultValue") in (None, ""):
        raise ValueError("the field is required but no value was submitted")


def _convert(field: Field, value: Any) -> Any:
    plain = _plain(value)
    match field.get("type"):
        case "long":
            if isinstance(plain, bool) or not re.fullmatch(r"[+-]?\d{1,19}", str(plain).strip()):
                raise ValueError(f"expected a whole number but it was '{plain}'")
            return Typed("Long", int(str(plain)))
        case "boolean":
            if str(plain).lower() not in ("true", "false"):
                raise ValueError(f"expected true or false but it was '{plain}'")
            return str(plain).lower() == "true"
        case "date":
            moment = _date(str(plain), str(field.get("datePattern") or _DEFAULT_PATTERN))
            return Typed("Date", moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
        case "enum":
            allowed = list(field.get("values") or {})
            if plain not in allowed:
                raise ValueError(f"expected one of {', '.join(allowed)} but it was '{plain}'")
            return plain
        case "string":
            if not isinstance(plain, str):
                raise ValueError(f"expected a text but it was of type {type_name(value)}")
            return plain
        case _:
            return value


def _date(text: str, pattern: str) -> datetime:
    directives = re.sub("yyyy|MM|dd|HH|mm|ss|yy", lambda match: _JAVA_TO_PYTHON[match.group()], pattern)
    try:
        return parse_date(datetime.strptime(text, directives).isoformat())  # a form's date has no zone: UTC
    except ValueError:
        return parse_date(text)


def _check_constraints(field: Field, value: Any) -> None:
    plain = _plain(value)
    for constraint in field.get("constraints") or ():
        name, config = constraint.get("name"), str(constraint.get("config") or "")
        if name in ("min", "max"):
            if isinstance(plain, bool) or not isinstance(plain, int | float):
                raise ValueError(f"expected a number to compare with {name} {config} but it was '{plain}'")
            limit = float(config)
            if plain < limit if name == "min" else plain > limit:
                raise ValueError(f"expected {name} {config} but it was {plain}")
        elif name in ("minlength", "maxlength"):
            length, limit = len(str(plain)), int(config)
            if length < limit if name == "minlength" else length > limit:
                raise ValueError(f"expected {name} {config} but it has {length} characters")
        elif name == "validator":
            raise ValueError(f"its validator '{config}' is Java code, which this engine does not run")


def _invalid(operation: str, name: str, reason: str) -> RestError:
    return rest_exception(f"{operation}: invalid value for field '{name}': {reason}", 400)


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Typed) else value


def _variable_type(field: Field) -> str:
    return _VARIABLE_TYPES.get(str(field.get("type")), "String")


def _row(field: Field, value: Any) -> str:
    name, kind = escape(str(field.get("id")), quote=True), str(field.get("type") or "string")
    label = escape(str(field.get("label") or field.get("id")))
    names = {constraint.get("name") for constraint in field.get("constraints") or ()}
    marks = "".join(f' {mark}="{mark}"' for mark in ("required", "readonly") if mark in names)
    plain = _plain(value)
    variable = f'cam-variable-name="{name}" cam-variable-type="{_variable_type(field)}"'
    common = f'class="form-control" name="{name}" {variable}{marks}'
    if kind == "enum":
        options = "".join(
            _option(str(key), str(text or key), key == plain) for key, text in (field.get("values") or {}).items()
        )
        control = f"<select {common}>{options}</select>"
    elif kind == "boolean":
        checked = ' checked="checked"' if plain is True else ""
        control = f'<input type="checkbox" {common}{checked} />'
    else:
        shown = "" if plain is None else escape(str(plain), quote=True)
        picker = ' uib-datepicker-popup="dd/MM/yyyy"' if kind == "date" else ""
        control = f'<input type="text" {common} value="{shown}"{picker} />'
    return f'<div class="form-group"><label for="{name}">{label}</label>{control}</div>'


def _option(key: str, text: str, selected: bool) -> str:
    mark = ' selected="selected"' if selected else ""
    return f'<option value="{escape(key, quote=True)}"{mark}>{escape(text)}</option>'
