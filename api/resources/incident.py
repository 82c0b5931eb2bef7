"""/incident: what failed and waits for a person."""

from __future__ import annotations

from api.bodies import AnnotationBody
from api.collections import row_by_id, serve_queries, serve_single
from api.dto.runtime import IncidentDto
from api.engine import CommandRejected, InstanceNotFound
from api.errors import invalid_request, not_found, rest_exception
from api.operations import Call, Resource
from api.shapes import Shape
from interpreter.commands import ResolveIncident
from interpreter.ids import split
from store import incidents
from store.errors import NotFound
from store.incidents import INCIDENTS

incident = Resource("incident", "Incident")
_shape = Shape(IncidentDto)

serve_queries(incident, INCIDENTS, IncidentDto, _shape, post=False)
serve_single(incident, INCIDENTS, IncidentDto, "Incident", _shape)


@incident.delete("/{id}", errors=(400, 404))
async def resolve_incident(call: Call) -> None:
    """Resolve an incident. Those of failed jobs and external tasks are resolved by giving them retries."""
    row = await row_by_id(call, INCIDENTS, call["id"], "Incident")
    if row.incident_type in ("failedJob", "failedExternalTask"):
        raise rest_exception(
            f"Cannot resolve an incident of type {row.incident_type}: set retries on the job or external task instead",
            400,
        )
    if row.root_cause_incident_id != row.id:
        raise rest_exception(
            f"Cannot resolve incident {row.id}: it goes with its cause; resolve {row.root_cause_incident_id} instead",
            400,
        )
    instance_id, key = split(row.id)
    try:
        await call.services.engine.execute(instance_id, ResolveIncident(now=0, incident=key))
    except InstanceNotFound:
        raise not_found(f"Cannot find an incident with id {row.id}") from None
    except CommandRejected as error:
        raise rest_exception(f"Cannot resolve incident {row.id}: {error}", 400) from error


@incident.put("/{id}/annotation", body=AnnotationBody, errors=(400,))
async def set_annotation(call: Call) -> None:
    """Write a note at an incident."""
    body = await call.body(AnnotationBody)
    await _annotate(call, body.annotation)


@incident.delete("/{id}/annotation", errors=(400,))
async def clear_annotation(call: Call) -> None:
    """Remove the note at an incident."""
    await _annotate(call, None)


async def _annotate(call: Call, text: str | None) -> None:
    try:
        await incidents.set_annotation(call.services.database, call["id"], text)
    except NotFound:
        raise invalid_request(f"Cannot find an incident with id {call['id']}") from None
