"""Start event (BPMN 2.0.2, 10.5.2): by the time it is activated, what it is about has happened."""

from __future__ import annotations

from interpreter.elements.behavior import Behavior


class StartEventBehavior(Behavior):
    pass
