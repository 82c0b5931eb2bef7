"""Abstract task and manual task (BPMN 2.0.2, 10.3.3): nothing for the engine to do; completed when they are entered."""

from __future__ import annotations

from interpreter.elements.behavior import Behavior


class TaskBehavior(Behavior):
    pass
