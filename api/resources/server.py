"""GET /engine and /version: who is there."""

from __future__ import annotations

from api.dto.identity import ProcessEngineDto, VersionDto
from api.front import ENGINE_NAME
from api.operations import Call, Resource

#: The version of Camunda's REST API whose shapes are served; clients decide by it what they may ask for.
CAMUNDA_VERSION = "7.24.0"

engine = Resource("engine", "Engine")
version = Resource("version", "Version")


@engine.get("", answer=list[ProcessEngineDto])
async def list_engines(call: Call) -> list[ProcessEngineDto]:
    """Names of the process engines: there is one."""
    return [{"name": ENGINE_NAME}]


@version.get("", answer=VersionDto)
async def get_version(call: Call) -> VersionDto:
    """Version of the REST API."""
    return {"version": CAMUNDA_VERSION}
