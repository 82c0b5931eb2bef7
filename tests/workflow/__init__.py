"""The shell on a real Temporal server."""
