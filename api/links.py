"""Addresses in answers: `links` of instances and deployments, and the file name of a download."""

from __future__ import annotations

from urllib.parse import quote

from api.dto.identity import ResourceOptionsDto
from api.dto.repository import AtomLink
from api.operations import ENGINE_REST, Call, Resource


def instance_links(call: Call, instance_id: str) -> list[AtomLink]:
    """The link of a process instance to itself."""
    return [_self(call, f"/process-instance/{quote(instance_id)}")]


def deployment_links(call: Call, deployment_id: str) -> list[AtomLink]:
    """The link of a deployment to itself."""
    return [_self(call, f"/deployment/{quote(deployment_id)}")]


def resource_link(filename: str) -> dict[str, str]:
    """The header that names a download. Both spellings: plain for old clients, UTF-8 for the others."""
    plain = filename.rpartition("/")[2].encode("ascii", "replace").decode().replace('"', "'").replace("\\", "_")
    safe = "".join(letter if letter.isprintable() else "_" for letter in plain)
    return {"Content-Disposition": f"attachment; filename=\"{safe}\"; filename*=UTF-8''{quote(filename, safe='')}"}


def serve_options(resource: Resource, *, collection: bool = False, members: str | None = None) -> None:
    """Declare OPTIONS: what a client may do with the collection, one of it, or the members of one."""
    if members is not None:
        path, links = f"/{{id}}/{members}", [("DELETE", "/{member}", "delete"), ("PUT", "/{member}", "create")]
    elif collection:
        path, links = "", [("GET", "", "list"), ("GET", "/count", "count"), ("POST", "/create", "create")]
    else:
        path, links = "/{id}", [("GET", "", "self"), ("DELETE", "", "delete"), ("PUT", "", "update")]

    async def options(call: Call) -> ResourceOptionsDto:
        """What may be done here."""
        base = str(call.request.url).partition("?")[0].rstrip("/")
        return {"links": [{"method": method, "href": base + suffix, "rel": rel} for method, suffix, rel in links]}

    resource.operation("OPTIONS", path, answer=ResourceOptionsDto)(options)


def _self(call: Call, path: str) -> AtomLink:
    base = str(call.request.base_url).rstrip("/")
    return {"method": "GET", "href": f"{base}{ENGINE_REST}{path}", "rel": "self"}
