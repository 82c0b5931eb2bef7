"""Loop characteristics of an activity (BPMN 2.0.2, 10.3.7, Table 10.27-10.30), read for `loops`, which runs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interpreter.definition import Expression, Spec

if TYPE_CHECKING:
    from interpreter.bpmn.document import Node
    from interpreter.elements.reading import Reader


@dataclass(frozen=True, slots=True)
class MultiInstance(Spec):
    """`spread_items`: items have no name, their entries become variables of the instance; `output_all`: an output
    without a name is all variables of the instance (both BPMN's loopData without data items). `throws` are the events
    of `behavior` (none, one, complex), `throw_conditions` the conditions of complex ones."""

    sequential: bool = False
    cardinality: Expression | None = None
    collection: Expression | None = None
    element_variable: str | None = None
    completion_condition: Expression | None = None
    output_collection: str | None = None
    output_element: Expression | None = None
    output_element_name: str | None = None
    from_one: bool = False
    spread_items: bool = False
    output_all: bool = False
    throws: tuple[Spec, ...] = ()
    throw_conditions: tuple[Expression | None, ...] = ()
    throws_first_only: bool = False


@dataclass(frozen=True, slots=True)
class StandardLoop(Spec):
    """`condition` None: always true; `maximum` None: without end."""

    test_before: bool = False
    condition: Expression | None = None
    maximum: Expression | None = None


def read_loop(node: Node, reader: Reader) -> Spec | None:
    """The loop characteristics of an activity, if it has any."""
    standard = node.child("standardLoopCharacteristics")
    if standard is not None:
        maximum = standard.attr("loopMaximum")
        return StandardLoop(
            standard.boolean("testBefore"),
            reader.formal(standard.child("loopCondition")),
            None if maximum is None else Expression("literal", maximum),
        )
    multi = node.child("multiInstanceLoopCharacteristics")
    if multi is None:
        return None
    return _read_multi(node, multi, reader)


def _read_multi(node: Node, multi: Node, reader: Reader) -> MultiInstance:
    collection: Expression | None = None
    element_variable: str | None = None
    output_collection: str | None = None
    output_element: Expression | None = None
    output_name: str | None = None
    from_one = False
    zeebe = multi.zeebe("loopCharacteristics")
    if zeebe is not None:
        from_one = True
        collection = reader.zeebe(zeebe.attr("inputCollection"))
        element_variable = zeebe.attr("inputElement")
        output_collection = zeebe.attr("outputCollection")
        output_element = reader.zeebe(zeebe.attr("outputElement"))
    vendor_collection = multi.ext("collection")
    if vendor_collection is not None:
        collection = reader.variable_or_expression(vendor_collection)
    element_variable = multi.ext("elementVariable") or element_variable
    reference = multi.child("loopDataInputRef")
    if collection is None and reference is not None:
        collection = Expression("juel", "${" + reader.data_name(reference.text.strip()) + "}")
    item = multi.child("inputDataItem")
    if element_variable is None and item is not None:
        element_variable = item.name or item.id
    output_reference = multi.child("loopDataOutputRef")
    output_item = multi.child("outputDataItem")
    if output_collection is None and output_reference is not None:
        output_collection = reader.data_name(output_reference.text.strip())
        if output_item is not None:
            output_name = output_item.name or output_item.id
            output_element = None if output_name is None else Expression("juel", "${" + output_name + "}")
    throws: list[Spec] = []
    conditions: list[Expression | None] = []
    behavior = multi.attr("behavior", "All")
    if behavior in ("None", "One"):
        reference_name = "noneBehaviorEventRef" if behavior == "None" else "oneBehaviorEventRef"
        definition = multi.ref(reference_name)
        if definition is not None:
            throws.append(reader.trigger(definition))
            conditions.append(None)
    elif behavior == "Complex":
        for complex_definition in multi.children("complexBehaviorDefinition"):
            condition = reader.formal(complex_definition.child("condition"))
            for event in complex_definition.children("event"):
                for definition in event.children():
                    if definition.tag.endswith("EventDefinition"):
                        throws.append(reader.trigger(definition))
                        conditions.append(condition)
                for reference_node in event.refs("eventDefinitionRef"):
                    throws.append(reader.trigger(reference_node))
                    conditions.append(condition)
    cardinality = reader.formal(multi.child("loopCardinality"))
    if cardinality is None and collection is None:
        reader.problem(multi, "Expected a loop cardinality or a collection but there was neither.")
    return MultiInstance(
        multi.boolean("isSequential"),
        cardinality,
        collection,
        element_variable,
        reader.formal(multi.child("completionCondition")),
        output_collection,
        output_element,
        output_name,
        from_one,
        reference is not None and vendor_collection is None and element_variable is None,
        output_reference is not None and output_item is None,
        tuple(throws),
        tuple(conditions),
        behavior == "One",
    )
