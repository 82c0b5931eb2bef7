"""From a DMN document to an executable model: links requirements, compiles expressions, finds what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from dmn.boxed.environment import Environment, LanguageCompiler
from dmn.boxed.expressions import compile_boxed, nothing
from dmn.boxed.functions import compile_function_builder
from dmn.boxed.names import member_names
from dmn.decisions import CompiledDecision, CompiledInput, CompiledKnowledge, CompiledService
from dmn.diagnostics import DiagnosticLog, DmnCompileError, Severity
from dmn.executable import DecisionModel
from dmn.external import externals
from dmn.feel import NUMBER, FeelLimitError, FeelSyntaxError, FeelType, FunctionType, compile_unary_tests
from dmn.model import (
    BusinessKnowledgeModel,
    Decision,
    DecisionService,
    DecisionTable,
    Definitions,
    Expression,
    UnaryTests,
)
from dmn.profile import Profile, profile_named
from dmn.requirements import Requirements
from dmn.table.compiled import CompiledTable, compile_table
from dmn.types import CAMUNDA_NUMBER_TYPES, ModelTypes, class_of

MAX_IMPORT_DEPTH = 20


def compile_dmn(
    definitions: Definitions,
    *,
    imports: Iterable[Definitions] = (),
    profile: str | Profile = "spec",
    languages: Mapping[str, LanguageCompiler] | None = None,
    python_functions: Mapping[str, Callable[..., Any]] | None = None,
    strict: bool = False,
) -> DecisionModel:
    """Compile a document once; the model can then be evaluated any number of times, from any thread.

    * `imports`: documents that this one may import, found by their namespace.
    * `profile`: "spec", "camunda7", "camunda8", or a Profile of your own.
    * `languages`: compilers for expression languages other than FEEL, by lower-case name.
    * `python_functions`: the callables that external functions of kind Python may name. Empty: none.
    * `strict`: raise DmnCompileError if there is any finding of severity error. Otherwise the elements with findings
      evaluate to null with an error, and the rest of the model works.
    """
    linker = _Linker(
        {document.namespace: document for document in imports},
        profile_named(profile),
        languages or {},
        python_functions or {},
    )
    model = linker.compile(definitions, ())
    if strict and any(d.severity is Severity.ERROR for d in model.diagnostics):
        raise DmnCompileError(d for d in model.diagnostics if d.severity is Severity.ERROR)
    return model


class _Linker:
    """Compiles documents and those they import, each once."""

    def __init__(
        self,
        available: Mapping[str, Definitions],
        profile: Profile,
        languages: Mapping[str, LanguageCompiler],
        python_functions: Mapping[str, Callable[..., Any]],
    ) -> None:
        self._available = available
        self._profile = profile
        self._languages = languages
        self._python_functions = python_functions
        self._compiled: dict[str, DecisionModel] = {}

    def compile(self, definitions: Definitions, path: tuple[str, ...]) -> DecisionModel:
        log = DiagnosticLog()
        imported = self._imported(definitions, path, log)
        types = ModelTypes(
            definitions,
            {alias: model.types for alias, model in imported.items()},
            self._test_compiler(log),
            log,
            {} if self._profile.checks_types else dict.fromkeys(CAMUNDA_NUMBER_TYPES, NUMBER),
        )
        environment = Environment(
            profile=self._profile,
            types=types,
            log=log,
            default_language=definitions.expression_language,
            languages=self._languages,
            python_functions=self._python_functions,
        )
        model = DecisionModel(definitions, self._profile, types, imported, externals(self._python_functions))
        _Assembly(model, environment).assemble()
        model.diagnostics = (
            *definitions.diagnostics,
            *log.diagnostics,
            *(finding for other in imported.values() for finding in other.diagnostics),
        )
        return model

    def _imported(
        self, definitions: Definitions, path: tuple[str, ...], log: DiagnosticLog
    ) -> dict[str, DecisionModel]:
        found: dict[str, DecisionModel] = {}
        for item in definitions.imports:
            if "DMN" not in item.import_type and item.import_type:
                log.warning(
                    "import-ignored", f"Expected a DMN import but its type was '{item.import_type}'", item.id, item.line
                )
                continue
            if item.namespace in path or item.namespace == definitions.namespace or len(path) >= MAX_IMPORT_DEPTH:
                log.error(
                    "import-cycle",
                    f"Expected no cycle of imports but '{item.namespace}' imports itself",
                    item.id,
                    item.line,
                )
                continue
            document = self._available.get(item.namespace)
            if document is None:
                log.error(
                    "import-missing",
                    f"Expected a document with namespace '{item.namespace}' to import but there was none",
                    item.id,
                    item.line,
                )
                continue
            model = self._compiled.get(item.namespace)
            if model is None:
                model = self._compiled[item.namespace] = self.compile(document, (*path, definitions.namespace))
            found[item.name] = model
        return found

    def _test_compiler(self, log: DiagnosticLog) -> Callable[[UnaryTests], Callable[[Any], bool] | None]:
        dialect = self._profile.feel_dialect

        def compile_tests(tests: UnaryTests) -> Callable[[Any], bool] | None:
            if not tests.text.strip() or tests.text.strip() == "-":
                return None
            try:
                compiled = compile_unary_tests(tests.text, (), dialect=dialect)
            except FeelSyntaxError as error:
                log.error("feel-syntax", f"{error} in '{tests.text}'", tests.id, tests.line)
                return None

            def allows(value: Any) -> bool:
                try:
                    return compiled.call({"?": value}) is True
                except FeelLimitError:
                    return False

            return allows

        return compile_tests


class _Assembly:
    """Fills one model: first every element by name, then what each requires, then its expression."""

    def __init__(self, model: DecisionModel, environment: Environment) -> None:
        self._model = model
        self._env = environment.with_names(model.types.member_names())
        self._log = environment.log
        definitions = model.definitions
        self._expressions: dict[str, Expression | None] = {d.id: d.expression for d in definitions.decisions}
        self._expressions.update((k.id, k.logic) for k in definitions.knowledge_models)

    def assemble(self) -> None:
        model, definitions = self._model, self._model.definitions
        for data in definitions.inputs:
            kind = self._env.item_type(data.variable)
            model.inputs[data.id] = CompiledInput(
                data.id, data.variable.name or data.name, data.name, kind, class_of(kind)
            )
        for decision in definitions.decisions:
            model.decisions[decision.id] = self._shell(decision)
        for knowledge in definitions.knowledge_models:
            model.knowledge[knowledge.id] = CompiledKnowledge(
                knowledge.id, knowledge.name, knowledge.variable.name or knowledge.name
            )
        for service in definitions.services:
            model.services[service.id] = self._service(service)
        for decision in definitions.decisions:
            self._decision(decision, model.decisions[decision.id])
        for knowledge in definitions.knowledge_models:
            self._knowledge(knowledge, model.knowledge[knowledge.id])
        self._check_cycles()

    def _shell(self, decision: Decision) -> CompiledDecision:
        profile = self._env.profile
        expression = decision.expression
        return CompiledDecision(
            id=decision.id,
            name=decision.name,
            variable=decision.variable.name or decision.name,
            kind="none" if expression is None else _kind_name(type(expression).__name__),
            type=self._env.item_type(decision.variable),
            node=nothing,
            table=None,
            required_result=profile.required_result,
            whole_context=profile.whole_context,
        )

    # --- expressions -------------------------------------------------------------------------------------------

    def _decision(self, decision: Decision, compiled: CompiledDecision) -> None:
        loaders = Requirements(self._model, self._log, decision.id)
        for ref in decision.required_inputs:
            loaders.add_input(ref)
        for ref in decision.required_decisions:
            found = loaders.add_decision(ref)
            if found is not None:
                compiled.required.append(found)
        for ref in decision.required_knowledge:
            loaders.add_knowledge(ref)
        compiled.requirements = loaders.result()
        env = _owned(self._env.with_names([*loaders.names(), *self._members(decision)]), decision.id)
        if self._env.profile.whole_context:
            env = env.with_names(self._visible_names(compiled))
        expression = decision.expression
        if isinstance(expression, DecisionTable):
            table = compile_table(expression, env)
            kind = env.type_of(expression.type_ref, expression.id, expression.line)
            if kind is not None and compiled.type is None:
                compiled.type = kind
            compiled.table = table
        elif expression is None:
            compiled.node = env.broken("NO_EXPRESSION", decision.id)
        else:
            compiled.node = compile_boxed(expression, env)

    def _members(self, decision: Decision) -> list[str]:
        """Names with signs or keywords that the decision's own context, or a value it requires, brings along."""
        expressions = [decision.expression]
        for ref in (*decision.required_decisions, *decision.required_knowledge):
            required = None if ref.namespace is not None else self._expressions.get(ref.id)
            if required is not None:
                expressions.append(required)
        return [name for expression in expressions for name in member_names(expression)]

    def _visible_names(self, compiled: CompiledDecision) -> list[str]:
        """Names that a Camunda decision may use besides its requirements: all inputs, results of required decisions."""
        names = [data.name for data in self._model.inputs.values()]
        for required in compiled.required:
            names.extend((required.variable, required.name))
            if isinstance(required.table, CompiledTable):
                names.extend(required.table.output_names)
        return names

    def _knowledge(self, knowledge: BusinessKnowledgeModel, compiled: CompiledKnowledge) -> None:
        loaders = Requirements(self._model, self._log, knowledge.id)
        for ref in knowledge.required_knowledge:
            loaders.add_knowledge(ref)
        compiled.requirements = loaders.result()
        logic = knowledge.logic
        if logic is None:
            self._log.warning(
                "missing-expression",
                f"Expected logic in knowledge model '{knowledge.id}' but there was none",
                knowledge.id,
                knowledge.line,
            )
            return
        names = [*loaders.names(), compiled.variable, *member_names(logic)]
        env = _owned(self._env.with_names(names), knowledge.id)
        result = _result_type(self._env, self._env.item_type(knowledge.variable))
        if result is None:
            result = _result_type(self._env, env.type_of(logic.type_ref, logic.id, logic.line))
        compiled.builder = compile_function_builder(logic, env, compile_boxed, result)

    def _service(self, service: DecisionService) -> CompiledService:
        loaders = Requirements(self._model, self._log, service.id)
        inputs = [data for ref in service.input_data if (data := loaders.local_input(ref)) is not None]
        input_decisions = [
            decision for ref in service.input_decisions if (decision := loaders.local_decision(ref)) is not None
        ]
        outputs = [named for ref in service.output_decisions if (named := loaders.output(ref)) is not None]
        return CompiledService(
            id=service.id,
            name=service.name,
            variable=service.variable.name or service.name,
            inputs=inputs,
            input_decisions=input_decisions,
            outputs=outputs,
            result_type=_result_type(self._env, self._env.item_type(service.variable)),
        )

    def _check_cycles(self) -> None:
        """A decision must not need its own result. Iterative, because chains may be long."""
        done: set[str] = set()
        for start in self._model.decisions.values():
            path: dict[str, None] = {}
            stack: list[tuple[CompiledDecision, int]] = [(start, 0)]
            while stack:
                decision, position = stack.pop()
                if position == 0:
                    if decision.id in done:
                        continue
                    path[decision.id] = None
                if position < len(decision.required):
                    stack.append((decision, position + 1))
                    following = decision.required[position]
                    if following.id in path:
                        self._log.error(
                            "requirement-cycle",
                            f"Expected no cycle of requirements but decision '{following.id}' needs itself",
                            following.id,
                        )
                    else:
                        stack.append((following, 0))
                else:
                    path.pop(decision.id, None)
                    done.add(decision.id)


def _owned(environment: Environment, owner: str) -> Environment:
    return replace(environment, owner=owner)


def _result_type(env: Environment, declared: FeelType | None) -> FeelType | None:
    """A function's variable may be typed with the function type or, as before DMN 1.3, with the type of the result."""
    resolved = env.types.resolve(declared)
    return resolved.result if isinstance(resolved, FunctionType) else declared


def _kind_name(class_name: str) -> str:
    if class_name == "ListExpression":
        return "list"
    return class_name[0].lower() + class_name[1:]
