"""BPMN: the model in and out, the pure token engine, and the thin Temporal shell around it.

`step(definition, state, command)` is a pure function (architecture, section 2). `bpmn/` reads and writes XML at
deploy time, `elements/` and `triggers/` hold one file per flow node and per event definition, `workflow/` is the only
part that imports temporalio.
"""
