"""TCP ports on the loopback interface: the preferred one if it is free, else one near it, else any."""

from __future__ import annotations

import random
import socket
from collections.abc import Collection

LOOPBACK = "127.0.0.1"
_NEIGHBOURS = 20
_ANY = range(15000, 32000)
_TRIES = 200


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """True if a server could listen on the port now.

    Somebody listening on all interfaces counts as busy too, although a bind to one address could succeed beside it.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.2)
        if probe.connect_ex((host, port)) == 0:
            return False
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(preferred: int = 0, *, host: str = LOOPBACK, taken: Collection[int] = ()) -> int:
    """A free port: `preferred`, one of the next few, or, with 0 or if all of those are busy, any.

    `taken` are ports promised to others that do not listen yet. "Any" lies below the range from which the system gives
    ports to outgoing connections: a server that restarts must find its port still free.
    """
    near = range(preferred, min(preferred + _NEIGHBOURS, 65536)) if preferred else range(0)
    for port in (*near, *random.sample(_ANY, _TRIES)):
        if port not in taken and is_free(port, host):
            return port
    raise OSError(f"Expected a free port on {host} but {len(near) + _TRIES} tries found none")
