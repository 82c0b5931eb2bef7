"""Connectors: tasks that the engine does itself because they need no code: HTTP calls and e-mail. docs/connectors.md.

settings     what they may do, and with what
hosts        where they may connect to
secrets      secrets by reference
http         one call;  requests: the call as models write it
mail         e-mail
expressions  what becomes of the answer
activity     the activity that puts these together
"""

from __future__ import annotations

from activities.connectors.activity import ConnectorActivities
from activities.connectors.settings import ConnectorSettings, MailServer

__all__ = ["ConnectorActivities", "ConnectorSettings", "MailServer"]
