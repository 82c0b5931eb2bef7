"""Temporal activities: every side effect that the workflow asks for.

Projection into the read model, message routing, connectors, sandboxed scripts, decision evaluation, notifications.
"""
