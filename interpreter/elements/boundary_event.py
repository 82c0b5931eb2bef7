"""Boundary event (BPMN 2.0.2, 10.5.4): activated when it has happened. Its subscription lives at its host (see
`catching`)."""

from __future__ import annotations

from interpreter.elements.behavior import Behavior


class BoundaryEventBehavior(Behavior):
    pass
