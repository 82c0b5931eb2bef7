"""The engine's own activities, without Temporal."""
