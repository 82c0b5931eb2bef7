"""A whole DMN document: definitions, imports, item definitions and the requirements graph (DMN 1.5 clauses 6 and 7).

The parser is closed to the outside: no entities, no document type, no network, a size limit and a depth limit.
"""

from __future__ import annotations

from typing import Any, NoReturn

from lxml import etree

from dmn.diagnostics import Diagnostic, DiagnosticLog, DmnXmlError, Severity
from dmn.model import (
    BusinessKnowledgeModel,
    Decision,
    DecisionService,
    Definitions,
    FunctionItem,
    Import,
    InformationItem,
    InputData,
    ItemDefinition,
    Ref,
)
from dmn.xml.elements import Node
from dmn.xml.expressions import READERS, read_expression_child, read_function, read_unary_tests
from dmn.xml.namespaces import (
    CAMUNDA_MODELER_NAMESPACE,
    MODEL_VERSIONS,
    is_dmn_namespace,
    language_name,
)

MAX_DOCUMENT_BYTES = 16 * 1024 * 1024
MAX_ELEMENTS = 1_000_000
MAX_DEPTH = 100

# Children of `definitions` that carry no run-time meaning.
IGNORED = frozenset(
    {
        "description",
        "extensionElements",
        "knowledgeSource",
        "association",
        "textAnnotation",
        "group",
        "elementCollection",
        "performanceIndicator",
        "organizationUnit",
        "organisationUnit",
        "businessContextElement",
        "artifact",
    }
)


def parse_dmn(source: bytes) -> Definitions:
    """Read a DMN document.

    Returns its definitions; `definitions.diagnostics` lists what is doubtful or wrong in single elements. Raises
    `DmnXmlError` (with located diagnostics) if the bytes are too large, not well-formed, have a document type, or
    are not DMN at all.
    """
    if len(source) > MAX_DOCUMENT_BYTES:
        refuse("too-large", f"Expected at most {MAX_DOCUMENT_BYTES} bytes but the document has {len(source)}")
    root = parse_xml(source)
    name = etree.QName(root)
    if name.localname != "definitions" or not is_dmn_namespace(name.namespace or ""):
        refuse(
            "not-dmn",
            f"Expected the root element 'definitions' in a DMN namespace but it was '{root.tag}'",
            root.get("id"),
            int(root.sourceline or 0),
        )
    return _definitions(root, name.namespace or "")


def parse_xml(source: bytes) -> Any:
    """The root element of a document read by the closed parser. Raises `DmnXmlError`."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=False,
    )
    try:
        root: Any = etree.fromstring(source, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", 0) or 0
        refuse("not-well-formed", f"Expected well-formed XML but: {error}", None, line)
    doctype = root.getroottree().docinfo.doctype
    if doctype:
        refuse("doctype", f"Expected no document type declaration but it was '{doctype[:80]}'", None, 1)
    _check_size(root)
    return root


def _check_size(root: Any) -> None:
    depth = 0
    count = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "end":
            depth -= 1
            continue
        depth += 1
        count += 1
        if depth > MAX_DEPTH:
            refuse(
                "too-deep", f"Expected at most {MAX_DEPTH} nested elements but there are more", None, element.sourceline
            )
        if count > MAX_ELEMENTS:
            refuse("too-many-elements", f"Expected at most {MAX_ELEMENTS} elements but there are more")


def refuse(code: str, message: str, element_id: str | None = None, line: int | None = 0) -> NoReturn:
    """Raise a `DmnXmlError` with one located finding."""
    raise DmnXmlError([Diagnostic(Severity.ERROR, code, message, element_id, line or 0)])


def _definitions(root: Any, model_namespace: str) -> Definitions:
    log = DiagnosticLog()
    target_namespace = (root.get("namespace") or "").strip()
    node = Node(root, model_namespace, target_namespace, log)
    version = MODEL_VERSIONS.get(model_namespace)
    if version is None:
        node.warning(
            "unknown-version", f"Expected a known DMN namespace but it was '{model_namespace}'; read as DMN 1.1"
        )
        version = "1.1"
    imports: list[Import] = []
    items: list[ItemDefinition] = []
    inputs: list[InputData] = []
    decisions: list[Decision] = []
    knowledge: list[BusinessKnowledgeModel] = []
    services: list[DecisionService] = []
    for child in node.children():
        match child.tag:
            case "import":
                imports.append(_import(child))
            case "itemDefinition":
                items.append(_item_definition(child))
            case "inputData":
                inputs.append(_input_data(child))
            case "decision":
                decisions.append(_decision(child))
            case "businessKnowledgeModel":
                knowledge.append(_knowledge_model(child))
            case "decisionService":
                services.append(_decision_service(child))
            case tag if tag not in IGNORED:
                child.error(
                    "unknown-element", f"Expected an element of DMN {version} in 'definitions' but it was '{tag}'"
                )
            case _:
                pass
    _check_unique(node, [*inputs, *decisions, *knowledge, *services])
    return Definitions(
        id=node.id,
        name=node.name() or node.id or "",
        namespace=target_namespace,
        version=version,
        expression_language=language_name(node.get("expressionLanguage")) or "feel",
        imports=tuple(imports),
        item_definitions=tuple(items),
        inputs=tuple(inputs),
        decisions=tuple(decisions),
        knowledge_models=tuple(knowledge),
        services=tuple(services),
        execution_platform=root.get(f"{{{CAMUNDA_MODELER_NAMESPACE}}}executionPlatform"),
        diagnostics=log.diagnostics,
    )


def _check_unique(node: Node, elements: list[InputData | Decision | BusinessKnowledgeModel | DecisionService]) -> None:
    ids: dict[str, int] = {}
    names: dict[str, int] = {}
    for element in elements:
        if element.id in ids:
            node.log.error(
                "duplicate-id",
                f"Expected unique ids but '{element.id}' is also in line {ids[element.id]}",
                element.id,
                element.line,
            )
        ids.setdefault(element.id, element.line)
        if element.name in names:
            node.log.warning(
                "duplicate-name",
                f"Expected unique names but '{element.name}' is also in line {names[element.name]}",
                element.id,
                element.line,
            )
        names.setdefault(element.name, element.line)


def _identity(node: Node) -> tuple[str, str]:
    """(id, name) of a requirements graph element; each stands in for the other if it is missing."""
    identifier, name = node.id, node.name()
    if identifier is None and name is None:
        node.error("missing-id", f"Expected an id or a name on '{node.tag}' but there was none")
        return f"line-{node.line}", f"line-{node.line}"
    return identifier or name or "", name or identifier or ""


def _import(node: Node) -> Import:
    return Import(
        namespace=(node.get("namespace") or "").strip(),
        name=node.name() or "",
        import_type=(node.get("importType") or "").strip(),
        location=node.get("locationURI"),
        id=node.id,
        line=node.line,
    )


def _item_definition(node: Node) -> ItemDefinition:
    allowed = node.child("allowedValues")
    constraint = node.child("typeConstraint")
    function = node.child("functionItem")
    name = node.name()
    if name is None:
        node.error("missing-name", f"Expected a name on '{node.tag}' but there was none")
    language = language_name(node.get("typeLanguage"))
    if language not in (None, "feel"):
        node.warning("type-language", f"Expected FEEL as type language but it was '{language}'")
    return ItemDefinition(
        name=name or "",
        type_ref=node.type_ref(),
        is_collection=node.flag("isCollection"),
        allowed_values=None if allowed is None else read_unary_tests(allowed),
        type_constraint=None if constraint is None else read_unary_tests(constraint),
        components=tuple(_item_definition(child) for child in node.children("itemComponent")),
        function=None if function is None else _function_item(function),
        id=node.id,
        line=node.line,
    )


def _function_item(node: Node) -> FunctionItem:
    return FunctionItem(node.output_type_ref(), tuple(parameter.item() for parameter in node.children("parameters")))


def _variable(node: Node, name: str) -> InformationItem:
    variable = node.child("variable")
    return InformationItem(name) if variable is None else variable.item(name)


def _input_data(node: Node) -> InputData:
    identifier, name = _identity(node)
    return InputData(identifier, name, _variable(node, name), node.line)


def _references(node: Node, requirement: str, target: str) -> tuple[Ref, ...]:
    found: list[Ref] = []
    for holder in node.children(requirement):
        for child in holder.children(target):
            reference = child.reference()
            if reference is not None:
                found.append(reference)
    return tuple(found)


def _decision(node: Node) -> Decision:
    identifier, name = _identity(node)
    expression = read_expression_child(node)
    if expression is None:
        present = [child.tag for child in node.children() if child.tag in READERS]
        if not present:
            node.warning("missing-expression", f"Expected an expression in decision '{identifier}' but there was none")
    return Decision(
        id=identifier,
        name=name,
        variable=_variable(node, name),
        has_variable=node.child("variable") is not None,
        expression=expression,
        required_inputs=_references(node, "informationRequirement", "requiredInput"),
        required_decisions=_references(node, "informationRequirement", "requiredDecision"),
        required_knowledge=_references(node, "knowledgeRequirement", "requiredKnowledge"),
        question=node.child_text("question"),
        allowed_answers=node.child_text("allowedAnswers"),
        version_tag=node.camunda("versionTag"),
        history_time_to_live=node.camunda("historyTimeToLive"),
        line=node.line,
    )


def _knowledge_model(node: Node) -> BusinessKnowledgeModel:
    identifier, name = _identity(node)
    logic = node.child("encapsulatedLogic")
    return BusinessKnowledgeModel(
        id=identifier,
        name=name,
        variable=_variable(node, name),
        logic=None if logic is None else read_function(logic),
        required_knowledge=_references(node, "knowledgeRequirement", "requiredKnowledge"),
        line=node.line,
    )


def _service_references(node: Node, tag: str) -> tuple[Ref, ...]:
    return tuple(ref for child in node.children(tag) if (ref := child.reference()) is not None)


def _decision_service(node: Node) -> DecisionService:
    identifier, name = _identity(node)
    return DecisionService(
        id=identifier,
        name=name,
        variable=_variable(node, name),
        output_decisions=_service_references(node, "outputDecision"),
        encapsulated_decisions=_service_references(node, "encapsulatedDecision"),
        input_decisions=_service_references(node, "inputDecision"),
        input_data=_service_references(node, "inputData"),
        line=node.line,
    )
