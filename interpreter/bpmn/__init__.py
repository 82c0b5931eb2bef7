"""BPMN files in and out: reading, viewing, editing, building, checking. Deploy time only; the engine never sees XML."""
