"""What an element of the requirements graph needs, as loaders by the names under which its expression sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from dmn.decisions import CompiledDecision, CompiledInput, Loader
from dmn.diagnostics import DiagnosticLog
from dmn.executable import DecisionModel
from dmn.model import Ref
from dmn.session import Session

T = TypeVar("T")


class Requirements:
    """Collects an element's requirements as loaders by the name under which its expression sees them."""

    def __init__(self, model: DecisionModel, log: DiagnosticLog, owner: str) -> None:
        self._model = model
        self._log = log
        self._owner = owner
        self._loaders: dict[str, Loader] = {}
        self._imported: dict[str, dict[str, Loader]] = {}

    def names(self) -> list[str]:
        """Names for the expression's parser, with the names inside imports."""
        inner = [name for members in self._imported.values() for name in members]
        return [*self._loaders, *self._imported, *inner]

    def result(self) -> dict[str, Loader]:
        loaders = dict(self._loaders)
        for alias, members in self._imported.items():
            loaders[alias] = _import_context(members)
        return loaders

    def add_input(self, ref: Ref) -> None:
        found = self._find(ref, lambda model: model.inputs, "input data")
        if found is None:
            return
        alias, data = found
        self._add(alias, data.name, lambda session: session.input(data))

    def add_decision(self, ref: Ref) -> CompiledDecision | None:
        """Adds a required decision; gives it back if it belongs to this model."""
        found = self._find(ref, lambda model: model.decisions, "decision")
        if found is None:
            return None
        alias, decision = found
        self._add(alias, decision.variable, lambda session: session.decision(decision))
        return decision if alias is None else None

    def add_knowledge(self, ref: Ref) -> None:
        """Knowledge is a knowledge model or a decision service."""
        services = self._find(ref, lambda model: model.services, "")
        if services is not None:
            alias, service = services
            self._add(alias, service.variable, lambda session: session.service(service))
            return
        found = self._find(ref, lambda model: model.knowledge, "knowledge model or decision service")
        if found is not None:
            alias, knowledge = found
            self._add(alias, knowledge.variable, lambda session: session.knowledge(knowledge))

    def local_input(self, ref: Ref) -> CompiledInput | None:
        found = self._find(ref, lambda model: model.inputs, "input data")
        return None if found is None else found[1]

    def local_decision(self, ref: Ref) -> CompiledDecision | None:
        found = self._find(ref, lambda model: model.decisions, "decision")
        return None if found is None else found[1]

    def output(self, ref: Ref) -> tuple[str, Loader] | None:
        found = self._find(ref, lambda model: model.decisions, "decision")
        if found is None:
            return None
        alias, decision = found
        return decision.variable, self._through(alias, lambda session: session.decision(decision))

    def _add(self, alias: str | None, name: str, load: Loader) -> None:
        loader = self._through(alias, load)
        if alias:
            self._imported.setdefault(alias, {})[name] = loader
        else:
            self._loaders[name] = loader

    def _through(self, alias: str | None, load: Loader) -> Loader:
        """The loader, in the session of the imported model if there is one (an empty alias is an unnamed import)."""
        if alias is None:
            return load
        types = self._model.imports[alias].types

        def imported(session: Session) -> Any:
            return load(session.child(alias, types))

        return imported

    def _find(
        self, ref: Ref, table: Callable[[DecisionModel], Mapping[str, T]], what: str
    ) -> tuple[str | None, T] | None:
        if ref.namespace is None:
            found = table(self._model).get(ref.id)
            if found is not None:
                return None, found
        else:
            for alias, model in self._model.imports.items():
                if model.definitions.namespace == ref.namespace:
                    found = table(model).get(ref.id)
                    if found is not None:
                        return alias, found
        if what:
            shown = ref.id if ref.namespace is None else f"{ref.namespace}#{ref.id}"
            self._log.error(
                "missing-requirement", f"Expected {what} '{shown}' to exist but it does not", self._owner, ref.line
            )
        return None


def _import_context(members: Mapping[str, Loader]) -> Loader:
    def load(session: Session) -> Any:
        return {name: loader(session) for name, loader in members.items()}

    return load
