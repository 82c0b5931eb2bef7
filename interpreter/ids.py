"""Deterministic ids that the outside sees. A crash and a second attempt give the same ids.

An instance id is chosen by the starter (a UUID unless the client says otherwise) and is the Temporal workflow id.
Everything inside an instance is `<instance id>:<key>`, where key is the engine's counter; the process instance itself
(key 1) is the instance id.
"""

from __future__ import annotations

ROOT_KEY = 1


def element_id(instance_id: str, key: int) -> str:
    """Id of an element instance (Camunda's activity instance and execution), a wait (task, external task, job,
    subscription) or incident."""
    return instance_id if key == ROOT_KEY else f"{instance_id}:{key}"


def variable_id(instance_id: str, scope: int, name: str) -> str:
    """Id of a variable instance."""
    return f"{instance_id}:{scope}:{name}"


def child_instance_id(instance_id: str, wait: int) -> str:
    """Instance id of the process instance that a call activity started."""
    return f"{instance_id}.{wait}"


def split(identifier: str) -> tuple[str, int]:
    """The instance id and key of an `element_id`; ValueError when `identifier` has no such form."""
    instance_id, separator, key = identifier.rpartition(":")
    if not separator:
        return identifier, ROOT_KEY
    if not key.isascii() or not key.isdigit() or not instance_id:
        raise ValueError(f"Expected an id like '<instance id>:<number>' but it was {identifier!r}.")
    return instance_id, int(key)
