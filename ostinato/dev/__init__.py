"""The embedded stack: a real Temporal server, a real PostgreSQL, the engine's worker and the API on one machine.

`stack.Stack` is the whole; `temporal`, `postgres` and `processes` are its parts. Standard library only, so that
starting it costs nothing but the servers; the engine's own processes are started as commands, never imported, so a
user's own `worker.py` cannot be taken for ours.
"""
