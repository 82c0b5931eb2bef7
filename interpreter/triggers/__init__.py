"""Event definitions, one file each: reader, subscription, throw. `table` says which there are; elements/ compose them
with positions."""
