"""Parts of the process benchmarks: shapes, load, what a person waits for, the report."""
