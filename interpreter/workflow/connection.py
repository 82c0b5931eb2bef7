"""How to reach a Temporal server: one value handed down from the settings to the worker and the API.

Nothing here reads the environment; `ostinato.settings` fills the dataclass.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from temporalio.client import Client


@dataclass(frozen=True, slots=True)
class TemporalConnection:
    """Address and credentials of a Temporal namespace.

    `tls` is implied by an API key or by any of the certificate paths: Temporal Cloud takes nothing else.
    """

    address: str = "127.0.0.1:7233"
    namespace: str = "default"
    api_key: str | None = None
    tls: bool = False
    tls_server_name: str | None = None
    tls_ca: Path | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None

    @property
    def uses_tls(self) -> bool:
        """True if the connection is encrypted."""
        return self.tls or bool(self.api_key or self.tls_server_name or self.tls_ca or self.tls_certificate)


async def connect(connection: TemporalConnection, **client_options: Any) -> Client:
    """Connect to Temporal; `client_options` go to `Client.connect` (interceptors, data converter, ...).

    Raises OSError if a certificate file cannot be read and RuntimeError if the server does not answer.
    """
    from temporalio.client import Client
    from temporalio.service import GrpcCompression, TLSConfig

    tls: TLSConfig | bool = False
    if connection.uses_tls:
        tls = TLSConfig(
            domain=connection.tls_server_name,
            server_root_ca_cert=_read(connection.tls_ca),
            client_cert=_read(connection.tls_certificate),
            client_private_key=_read(connection.tls_key),
        )
    # Compressed only where it is encrypted too, as it goes far then. Among neighbours compression costs both sides more
    # processor time than the bytes are worth (docs/operations.md).
    compression = GrpcCompression.GZIP if connection.uses_tls else GrpcCompression.NONE
    return await Client.connect(
        connection.address,
        namespace=connection.namespace,
        api_key=connection.api_key,
        tls=tls,
        grpc_compression=compression,
        **client_options,
    )


def _read(path: Path | None) -> bytes | None:
    return None if path is None else path.read_bytes()
