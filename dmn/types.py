"""Item definitions as FEEL types (DMN 1.5 clause 7.3.2 and 10.3.2.9).

One model has two tables of the same names: `structural`, without allowed values, is what `instance of` asks;
`constrained`, with them, is what variables, parameters and results must conform to. References between item
definitions stay names (`{namespace}name` inside, so that they survive imports), which is how recursive types work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from dmn.diagnostics import DiagnosticLog
from dmn.feel import (
    ANY,
    SIMPLE_TYPES,
    ConstrainedType,
    ContextType,
    DaysTimeDuration,
    FeelDate,
    FeelDateTime,
    FeelSyntaxError,
    FeelTime,
    FeelType,
    FunctionType,
    ListType,
    NamedType,
    SimpleType,
    YearsMonthsDuration,
    coerce,
    conforms,
    parse_temporal,
    parse_type,
    type_of,
)
from dmn.model import Definitions, ItemDefinition, UnaryTests
from dmn.shapes import is_context, is_list

_CLASSES: Mapping[str, type] = {
    "number": Decimal,
    "string": str,
    "boolean": bool,
    "date": FeelDate,
    "time": FeelTime,
    "date and time": FeelDateTime,
    "days and time duration": DaysTimeDuration,
    "years and months duration": YearsMonthsDuration,
}


def class_of(kind: FeelType | None) -> type | None:
    """The Python class whose every instance is of the type, for a quick test; None for other types."""
    return _CLASSES.get(kind.name) if isinstance(kind, SimpleType) else None


TestCompiler = Callable[[UnaryTests], Callable[[Any], bool] | None]

CAMUNDA_NUMBER_TYPES = ("integer", "long", "double", "short", "float")


class ModelTypes:
    """The types that one document can name: FEEL's, its own item definitions, and `alias.name` of its imports."""

    def __init__(
        self,
        definitions: Definitions,
        imported: Mapping[str, ModelTypes],
        compile_tests: TestCompiler,
        log: DiagnosticLog,
        extra: Mapping[str, FeelType],
    ) -> None:
        self.namespace = definitions.namespace
        self.structural: dict[str, FeelType] = dict(extra)
        self.constrained: dict[str, FeelType] = dict(extra)
        self._log = log
        self._compile_tests = compile_tests
        self._own = {item.name for item in definitions.item_definitions}
        self._allowed = {item.name: item.allowed_values for item in definitions.item_definitions}
        self._aliases: dict[str, str] = {}
        for alias, other in imported.items():
            self._import(alias, other)
        for item in definitions.item_definitions:
            self._define(item)

    def _import(self, alias: str, other: ModelTypes) -> None:
        for name in other.structural:
            if name.startswith("{"):
                self.structural[name] = other.structural[name]
                self.constrained[name] = other.constrained[name]
        for name in other.own_names():
            qualified = NamedType(f"{{{other.namespace}}}{name}")
            shown = f"{alias}.{name}" if alias else name
            self._aliases[shown] = qualified.name
            self.structural[shown] = qualified
            self.constrained[shown] = qualified

    def allowed_values(self, type_ref: str | None) -> UnaryTests | None:
        """The allowed values of one of the document's own item definitions."""
        return None if type_ref is None else self._allowed.get(type_ref)

    def own_names(self) -> list[str]:
        return sorted(self._own)

    def _define(self, item: ItemDefinition) -> None:
        qualified = f"{{{self.namespace}}}{item.name}"
        self.structural[qualified] = self._build(item, False)
        self.constrained[qualified] = self._build(item, True)
        self.structural[item.name] = NamedType(qualified)
        self.constrained[item.name] = NamedType(qualified)

    def _build(self, item: ItemDefinition, constrained: bool) -> FeelType:
        built: FeelType
        if item.function is not None:
            parameters = tuple(self._reference(p.type_ref, item) for p in item.function.parameters)
            built = FunctionType(parameters, self._reference(item.function.output_type_ref, item))
        elif item.components:
            built = ContextType(tuple((part.name, self._build(part, constrained)) for part in item.components))
        else:
            built = self._reference(item.type_ref, item)
        # Allowed values hold for each item of a collection, the type constraint for the whole (DMN 1.5 table 27).
        if constrained and item.allowed_values is not None:
            built = self._constrain(built, item, item.allowed_values)
        if item.is_collection:
            built = ListType(built)
        if constrained and item.type_constraint is not None:
            built = self._constrain(built, item, item.type_constraint)
        return built

    def _constrain(self, base: FeelType, item: ItemDefinition, tests: UnaryTests) -> FeelType:
        allows = self._compile_tests(tests)
        return base if allows is None else ConstrainedType(item.name, base, allows)

    def _reference(self, type_ref: str | None, item: ItemDefinition) -> FeelType:
        return self.named(type_ref, item.id, item.line) or ANY

    def named(self, type_ref: str | None, element_id: str | None = None, line: int = 0) -> FeelType | None:
        """The type that a `typeRef` means; None for no type, Any, or (with a finding) a name that nobody defines."""
        if type_ref is None or type_ref == "Any":
            return None
        if type_ref in self._own:
            return NamedType(f"{{{self.namespace}}}{type_ref}")
        if type_ref in self._aliases:
            return NamedType(self._aliases[type_ref])
        found = SIMPLE_TYPES.get(type_ref) or self.structural.get(type_ref)
        if found is not None:
            return found
        if "<" in type_ref:
            try:
                return parse_type(type_ref)
            except FeelSyntaxError as error:
                self._log.error("type-syntax", f"Expected a type but was '{type_ref}': {error}", element_id, line)
                return None
        self._log.warning("unknown-type", f"Expected a known type but was '{type_ref}'", element_id, line)
        return None

    def coerce(self, value: Any, kind: FeelType) -> tuple[Any, bool]:
        """The value as the type, and whether it fits; null fits every type."""
        return coerce(value, kind, self.constrained)

    def misfit(self, value: Any, kind: FeelType, depth: int = 0) -> str | None:
        """Where and why a value does not conform, such as "entry 'age' is string", for a message; None if it does."""
        if value is None or depth > 20 or self.coerce(value, kind)[1]:
            return None
        constraint = kind
        while isinstance(constraint, NamedType):
            constraint = self.constrained.get(constraint.name, ANY)
        if isinstance(constraint, ConstrainedType):
            inner = self.misfit(value, constraint.base, depth + 1)
            return inner or "a value that is not allowed"
        if isinstance(constraint, ContextType) and is_context(value):
            for name, field in constraint.fields:
                if name not in value:
                    return f"no entry '{name}'"
                inner = self.misfit(value[name], field, depth + 1)
                if inner is not None or not conforms(value[name], field, self.constrained):
                    return f"entry '{name}' with {inner or type_of(value[name])}"
        if isinstance(constraint, ListType) and is_list(value):
            for position, item in enumerate(value[:1000], 1):
                inner = self.misfit(item, constraint.item, depth + 1)
                if inner is not None or not conforms(item, constraint.item, self.constrained):
                    return f"item {position} with {inner or type_of(item)}"
        return type_of(value)

    def resolve(self, kind: FeelType | None) -> FeelType | None:
        """The type behind names and constraints."""
        for _ in range(100):
            if isinstance(kind, NamedType):
                kind = self.structural.get(kind.name)
            elif isinstance(kind, ConstrainedType):
                kind = kind.base
            else:
                break
        return kind

    def member_names(self) -> list[str]:
        """Component names of all item definitions that FEEL's grammar needs to be told: those with blanks or signs."""
        found: dict[str, None] = {}

        def walk(kind: FeelType) -> None:
            if isinstance(kind, ContextType):
                for name, field in kind.fields:
                    if not name.isidentifier():
                        found[name] = None
                    walk(field)
            elif isinstance(kind, ListType):
                walk(kind.item)

        for kind in self.structural.values():
            walk(kind)
        return list(found)


def convert_camunda(value: Any, type_ref: str | None) -> Any:
    """A value as Camunda 7 converts it to a `typeRef` before testing it: text to numbers and booleans, numbers to text.

    Raises ValueError if the value cannot be converted, as Camunda does. Unknown types and null leave the value alone.
    """
    if value is None or type_ref is None:
        return value
    match type_ref:
        case "string":
            if isinstance(value, str):
                return value
            if isinstance(value, bool):
                return "true" if value else "false"
            if isinstance(value, Decimal):
                return format(value, "f")
            return str(value)
        case "boolean":
            if isinstance(value, bool):
                return value
            if isinstance(value, str):
                return value.lower() == "true"
        case "integer" | "long" | "short":
            number = _number(value)
            if number is not None and number == number.to_integral_value():
                return number
        case "double" | "number" | "float":
            number = _number(value)
            if number is not None:
                return number
        case "date":
            moment = parse_temporal(value) if isinstance(value, str) else value
            if isinstance(moment, (FeelDate, FeelDateTime)):
                return moment
        case _:
            return value
    raise ValueError(f"Expected a value that converts to '{type_ref}' but it was {value!r}")


def _number(value: Any) -> Decimal | None:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str):
        try:
            number = Decimal(value.strip())
        except ArithmeticError:
            return None
        return number if number.is_finite() else None
    return None
