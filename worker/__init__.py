"""The engine's worker process: wires the workflow, the activities, task queues, interceptors and converters."""
