"""Where connectors may connect to: names that the settings list, at addresses that are public or listed too.

    api.example.org            that host, at its scheme's own port (80, 443)
    api.example.org:8443       that host and port
    *.example.org              every host below, not example.org itself
    *                          every host
    10.1.2.3, [fd00::1]        that address, at any port
    10.0.0.0/8, fd00::/8       every address in the network, at any port

A name alone never opens the way to a private, loopback or link-local address, whatever its DNS entry says: such an
address must be listed itself, or its network. The address that was checked is the one that is connected to, so that a
second answer of the DNS cannot change it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from typing import Final

from activities.connectors.failures import final, temporary

SETTING: Final = "OSTINATO_HTTP_HOSTS"
RESOLVE_TIMEOUT: Final = 10.0
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class AllowList:
    """See the module. ValueError if an entry cannot be read."""

    def __init__(self, entries: Iterable[str]) -> None:
        self._networks: list[Network] = []
        self._names: list[tuple[str, int | None]] = []
        for entry in entries:
            self._add(entry.strip().lower().rstrip("."))

    def _add(self, entry: str) -> None:
        if not entry:
            return
        network = _network(entry)
        if network is not None:
            self._networks.append(network)
            return
        name, separator, port = entry.partition(":")
        if separator and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
            raise ValueError(f"Expected host:port in {SETTING} but it was {entry!r}.")
        if not name or "*" in name[1:] or "/" in name or (name[0] == "*" and name not in ("*", "*." + name[2:])):
            raise ValueError(f"Expected a host, *.domain, address or network in {SETTING} but it was {entry!r}.")
        self._names.append((name, int(port) if separator else None))

    async def addresses(self, scheme: str, host: str, port: int | None) -> list[str]:
        """Addresses of `host` that may be connected to, the preferred first. ConnectorFailure if there is none."""
        port = port or _DEFAULT_PORTS[scheme]
        host = host.lower().rstrip(".")
        literal = _address(host)
        if literal is not None:
            if not self._listed(literal) and not (self._named(scheme, host, port) and is_public(literal)):
                raise self._refused(host, port)
            return [str(literal)]
        if not self._named(scheme, host, port):
            raise self._refused(host, port)
        found = await _resolve(host, port)
        allowed = [str(address) for address in found if is_public(address) or self._listed(address)]
        if not allowed:
            raise final(
                f"Expected host {host!r} to have a public address but it has {', '.join(map(str, found))}: list the "
                f"address or its network in {SETTING} too if that is meant."
            )
        return allowed

    def _named(self, scheme: str, host: str, port: int) -> bool:
        for name, only in self._names:
            if port != (only or _DEFAULT_PORTS[scheme]):
                continue
            if name in ("*", host) or (name.startswith("*.") and host.endswith(name[1:])):
                return True
        return False

    def _listed(self, address: Address) -> bool:
        return any(address in network for network in self._networks if network.version == address.version)

    def _refused(self, host: str, port: int) -> Exception:
        listed = bool(self._names or self._networks)
        reason = "it is not among those of the settings" if listed else "the settings list none"
        return final(
            f"Expected a host that connectors may call but it was {host!r} (port {port}) and {reason}: "
            f"list it in {SETTING}."
        )


def is_public(address: Address) -> bool:
    """Whether an address is out in the internet, also when one is wrapped in another."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is None and address.teredo is not None:
            return False
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


async def _resolve(host: str, port: int) -> list[Address]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(RESOLVE_TIMEOUT):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError:
        raise temporary(f"Expected the address of host {host!r} within {RESOLVE_TIMEOUT:g} s but none came.") from None
    except (OSError, UnicodeError) as error:
        raise temporary(f"Expected host {host!r} to have an address but: {error}") from error
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    return list(dict.fromkeys(addresses))


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def _network(text: str) -> Network | None:
    address = _address(text)
    if address is not None:
        return ipaddress.ip_network(address)
    if "/" not in text:
        return None
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(f"Expected a network like 10.0.0.0/8 in {SETTING} but {text!r} is none: {error}") from None
