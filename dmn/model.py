"""The DMN metamodel as plain data (DMN 1.5, clauses 6, 7, 8 and 10.2): what a document says, before it is compiled.

Every element keeps its `id` (None if the document gives none) and its 1-based `line`. Names have their inner white
space reduced to single blanks. Type references are text: `number`, `tPerson`, `alias.tPerson`, or `{namespace}tPerson`
for DMN 1.1's qualified names. References between elements (`href`) are `Ref(namespace or None, id)`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dmn.diagnostics import Diagnostic

FEEL_LANGUAGE = "feel"


@dataclass(frozen=True, slots=True)
class Ref:
    """Target of an `href`. `namespace` is None for the document's own elements."""

    namespace: str | None
    id: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class InformationItem:
    """A variable, formal parameter, relation column or function parameter: a name with an optional type."""

    name: str
    type_ref: str | None = None
    id: str | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class UnaryTests:
    """The text of unary tests, as in input entries and allowed values. `language` None = the document's default."""

    text: str
    language: str | None = None
    id: str | None = None
    line: int = 0


# --- expressions (clause 10.2) ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressionBase:
    id: str | None = None
    line: int = 0
    type_ref: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class LiteralExpression(ExpressionBase):
    text: str
    language: str | None = None
    imported_from: str | None = None


@dataclass(frozen=True, slots=True)
class Binding:
    parameter: InformationItem
    expression: Expression | None


@dataclass(frozen=True, slots=True)
class Invocation(ExpressionBase):
    callee: Expression | None
    bindings: tuple[Binding, ...]


@dataclass(frozen=True, slots=True)
class ContextEntry:
    variable: InformationItem | None
    expression: Expression | None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Context(ExpressionBase):
    entries: tuple[ContextEntry, ...]


@dataclass(frozen=True, slots=True)
class ListExpression(ExpressionBase):
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Relation(ExpressionBase):
    columns: tuple[InformationItem, ...]
    rows: tuple[tuple[Expression, ...], ...]


@dataclass(frozen=True, slots=True)
class FunctionDefinition(ExpressionBase):
    """`kind` is FEEL, Java, PMML or Python (the last is this engine's own, for allow-listed callables)."""

    kind: str
    parameters: tuple[InformationItem, ...]
    body: Expression | None


@dataclass(frozen=True, slots=True)
class Conditional(ExpressionBase):
    condition: Expression | None
    then: Expression | None
    otherwise: Expression | None


@dataclass(frozen=True, slots=True)
class Filter(ExpressionBase):
    source: Expression | None
    match: Expression | None


@dataclass(frozen=True, slots=True)
class For(ExpressionBase):
    variable: str
    source: Expression | None
    result: Expression | None


@dataclass(frozen=True, slots=True)
class Quantified(ExpressionBase):
    """`some` (existential) or `every` (universal)."""

    quantifier: str
    variable: str
    source: Expression | None
    satisfies: Expression | None


# --- decision tables (clause 8) -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InputClause:
    """One input column. `variable` is Camunda's name for the cell's input value (camunda:inputVariable)."""

    expression: LiteralExpression | None
    values: UnaryTests | None
    label: str | None = None
    variable: str | None = None
    id: str | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class OutputClause:
    name: str | None
    type_ref: str | None
    values: UnaryTests | None
    default: LiteralExpression | None
    label: str | None = None
    id: str | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    inputs: tuple[UnaryTests, ...]
    outputs: tuple[LiteralExpression, ...]
    annotations: tuple[str, ...] = ()
    id: str | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class DecisionTable(ExpressionBase):
    hit_policy: str
    aggregation: str | None
    inputs: tuple[InputClause, ...]
    outputs: tuple[OutputClause, ...]
    rules: tuple[Rule, ...]
    output_label: str | None = None
    annotation_names: tuple[str, ...] = ()


Expression = (
    LiteralExpression
    | Invocation
    | Context
    | ListExpression
    | Relation
    | FunctionDefinition
    | DecisionTable
    | Conditional
    | Filter
    | For
    | Quantified
)

# --- item definitions (clause 7.3.2) ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FunctionItem:
    output_type_ref: str | None
    parameters: tuple[InformationItem, ...]


@dataclass(frozen=True, slots=True)
class ItemDefinition:
    name: str
    type_ref: str | None = None
    is_collection: bool = False
    allowed_values: UnaryTests | None = None
    type_constraint: UnaryTests | None = None
    components: tuple[ItemDefinition, ...] = ()
    function: FunctionItem | None = None
    id: str | None = None
    line: int = 0


# --- requirements graph (clause 6) --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Import:
    namespace: str
    name: str
    import_type: str
    location: str | None = None
    id: str | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class InputData:
    id: str
    name: str
    variable: InformationItem
    line: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    id: str
    name: str
    variable: InformationItem
    has_variable: bool
    expression: Expression | None
    required_inputs: tuple[Ref, ...] = ()
    required_decisions: tuple[Ref, ...] = ()
    required_knowledge: tuple[Ref, ...] = ()
    question: str | None = None
    allowed_answers: str | None = None
    version_tag: str | None = None
    history_time_to_live: str | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class BusinessKnowledgeModel:
    id: str
    name: str
    variable: InformationItem
    logic: FunctionDefinition | None
    required_knowledge: tuple[Ref, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class DecisionService:
    id: str
    name: str
    variable: InformationItem
    output_decisions: tuple[Ref, ...] = ()
    encapsulated_decisions: tuple[Ref, ...] = ()
    input_decisions: tuple[Ref, ...] = ()
    input_data: tuple[Ref, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Definitions:
    """One DMN document. `version` is "1.1" to "1.5"; `diagnostics` are the findings of the reader."""

    id: str | None
    name: str
    namespace: str
    version: str
    expression_language: str
    imports: tuple[Import, ...] = ()
    item_definitions: tuple[ItemDefinition, ...] = ()
    inputs: tuple[InputData, ...] = ()
    decisions: tuple[Decision, ...] = ()
    knowledge_models: tuple[BusinessKnowledgeModel, ...] = ()
    services: tuple[DecisionService, ...] = ()
    execution_platform: str | None = None
    diagnostics: tuple[Diagnostic, ...] = field(default=(), compare=False)
