"""The thin Temporal shell around the pure engine: the only part of `interpreter` that may import temporalio."""
