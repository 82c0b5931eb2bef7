"""Flow nodes, one file per kind: what is particular to it (a `Spec`), its reader and its `Behavior`. `table` says
which there are."""
