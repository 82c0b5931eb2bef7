"""Whose password it is: that of a user in the settings or of one in the read model."""

from __future__ import annotations

import hmac

from api.operations import Call
from store.people import check_password


async def is_password_of(call: Call, name: str, password: str) -> bool:
    """Whether this is the password of the user `name`."""
    configured = call.services.settings.users.get(name)
    if configured is not None:
        return hmac.compare_digest(configured.encode(), password.encode())
    return await check_password(call.services.database, name, password)
