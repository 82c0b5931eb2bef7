"""Context functions (DMN 1.5, 10.3.4.9)."""

from __future__ import annotations

from typing import Any

from ..errors import InvalidOperation
from ..kinds import as_context, as_list, kind_of
from ..run import Run
from .signature import Library

library = Library()


@library.builtin("get value(m: context, key: any)")
def get_value(m: dict[str, Any], key: Any) -> Any:
    """The entry of a key, or of a path of keys."""
    if kind_of(key) is list:
        found: Any = m
        for part in as_list(key):
            if not isinstance(part, str) or kind_of(found) is not dict or part not in found:
                return None
            found = as_context(found)[part]
        return found
    if not isinstance(key, str):
        raise InvalidOperation("Expected a string as the key but found another value")
    return m.get(key)


@library.builtin("get entries(m: context)", needs_run=True)
def get_entries(run: Run, m: dict[str, Any]) -> list[Any]:
    run.charge_list(len(m))
    return [{"key": key, "value": value} for key, value in m.items()]


@library.builtin("context(entries: list)", needs_run=True)
def context(run: Run, entries: list[Any]) -> dict[str, Any]:
    return make_context(run, entries, last_key_wins=False)


def make_context(run: Run, entries: list[Any], last_key_wins: bool) -> dict[str, Any]:
    """The context of a list of `{key, value}`."""
    run.charge_list(len(entries))
    made: dict[str, Any] = {}
    for entry in entries:
        if kind_of(entry) is not dict or "key" not in entry or "value" not in entry:
            raise InvalidOperation("Expected entries with 'key' and 'value' but found another item")
        key = as_context(entry)["key"]
        if not isinstance(key, str):
            raise InvalidOperation("Expected strings as keys but found another value")
        if key in made and not last_key_wins:
            raise InvalidOperation(f"Expected different keys but {key!r} occurs twice")
        made[key] = as_context(entry)["value"]
    return made


@library.builtin("context put(context: context, key: any, value: any)", needs_run=True)
def context_put(run: Run, original: dict[str, Any], key: Any, value: Any) -> dict[str, Any]:
    """The context with one entry set; `keys` names an entry of nested contexts."""
    return put_entry(run, original, key, value, create=False)


def put_entry(run: Run, original: dict[str, Any], key: Any, value: Any, create: bool) -> dict[str, Any]:
    """As `context_put`; `create` makes the nested contexts that are missing."""
    if kind_of(key) is list:
        keys = as_list(key)
        if not keys or not all(isinstance(part, str) for part in keys):
            raise InvalidOperation("Expected a list of strings as keys but found another value")
        if len(keys) > run.limits.depth:
            raise InvalidOperation(f"Expected at most {run.limits.depth} keys but found {len(keys)}")
        if len(keys) > 1:
            inner: Any = original.get(keys[0], {} if create else None)
            if kind_of(inner) is not dict:
                raise InvalidOperation(f"Expected a context at {keys[0]!r} but found another value")
            value = put_entry(run, as_context(inner), keys[1:], value, create)
        key = keys[0]
    if not isinstance(key, str):
        raise InvalidOperation("Expected a string as the key but found another value")
    run.charge_list(len(original) + 1)
    return {**original, key: value}


@library.builtin("context put(context: context, keys: list, value: any)", needs_run=True)
def context_put_nested(run: Run, original: dict[str, Any], keys: Any, value: Any) -> dict[str, Any]:
    return context_put(run, original, keys, value)


@library.builtin("context merge(contexts: list)", needs_run=True)
def context_merge(run: Run, contexts: list[Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for entries in contexts:
        if kind_of(entries) is not dict:
            raise InvalidOperation("Expected a list of contexts but found another item")
        run.charge_list(len(as_context(entries)))
        merged.update(as_context(entries))
    return merged
