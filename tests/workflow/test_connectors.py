"""Connectors alive: a model calls a real HTTP server from the real Temporal server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from temporalio.client import Client

from activities.connectors import ConnectorActivities, ConnectorSettings, MailServer
from interpreter.bpmn.compile import compile_all
from interpreter.bpmn.document import parse_bpmn
from interpreter.commands import CompleteWait, ResolveIncident, SetVariables
from interpreter.definition import FlowNode
from interpreter.workflow.jobs import named_secrets
from tests.activities.servers import HttpServer, Reply, http_server, mail_server
from tests.workflow.engine import Engine

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
  xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="t">
"""


def _process(task: str, more: str = "") -> bytes:
    return f"""{HEAD}
<process id="p" isExecutable="true">
  <startEvent id="start"/><sequenceFlow id="f1" sourceRef="start" targetRef="call"/>
  {task}
  <sequenceFlow id="f2" sourceRef="call" targetRef="look"/>
  <userTask id="look"/><sequenceFlow id="f3" sourceRef="look" targetRef="end"/><endEvent id="end"/>
  {more}
</process></definitions>""".encode()


def _camunda7(inputs: str, outputs: str = "", more: str = "", id: str = "http-connector") -> bytes:
    return _process(
        f"""<serviceTask id="call"><extensionElements><camunda:connector><camunda:inputOutput>{inputs}{outputs}
        </camunda:inputOutput><camunda:connectorId>{id}</camunda:connectorId></camunda:connector></extensionElements>
        </serviceTask>""",
        more,
    )


def _camunda8(inputs: dict[str, str], headers: dict[str, str], more: str = "") -> bytes:
    mappings = "".join(f'<zeebe:input source="{source}" target="{target}"/>' for target, source in inputs.items())
    keys = "".join(f'<zeebe:header key="{key}" value="{value}"/>' for key, value in headers.items())
    return _process(
        f"""<serviceTask id="call"><extensionElements>
        <zeebe:taskDefinition type="io.camunda:http-json:1" retries="2"/>
        <zeebe:ioMapping>{mappings}</zeebe:ioMapping><zeebe:taskHeaders>{keys}</zeebe:taskHeaders>
        </extensionElements></serviceTask>""",
        more,
    )


def _input(name: str, value: str) -> str:
    return f'<camunda:inputParameter name="{name}">{value}</camunda:inputParameter>'


def _output(name: str, value: str) -> str:
    return f'<camunda:outputParameter name="{name}">{value}</camunda:outputParameter>'


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server() as found:
        yield found


def _engine(client: Client, queue: str, model: bytes, server: HttpServer | None = None, **settings: Any) -> Engine:
    hosts = () if server is None else (f"localhost:{server.port}", "127.0.0.1", "::1")
    connectors = ConnectorActivities(ConnectorSettings(hosts=hosts, **settings))
    return Engine(client, queue, model, activities=(connectors.run,))


async def _at(engine: Engine, instance: str, node: str) -> None:
    await engine.until(lambda: any(w["node"] == node for w in engine.read_model.open_waits(instance).values()))


async def test_camunda_7_connector(temporal_client: Client, task_queue: str, server: HttpServer) -> None:
    server.answer = lambda request: Reply(200, b'{"price": 12}')
    headers = (
        '<camunda:map><camunda:entry key="Authorization">Bearer {{secrets.TOKEN}}</camunda:entry>'
        '<camunda:entry key="X-Order">${order}</camunda:entry></camunda:map>'
    )
    model = _camunda7(
        _input("url", "${base}/prices") + _input("method", "GET") + _input("headers", headers),
        _output("text", "${response}") + _output("code", "${statusCode}"),
    )
    secrets = {"TOKEN": "s3cret-value", "OTHER": "o"}
    async with _engine(temporal_client, task_queue, model, server, secrets=secrets) as engine:
        instance = await engine.start(variables={"base": server.url, "order": "{{secrets.OTHER}}"})
        await _at(engine, instance, "look")
        assert engine.read_model.variables(instance) | {"base": ""} == {
            "base": "",
            "order": "{{secrets.OTHER}}",
            "text": '{"price": 12}',
            "code": 200,
        }
        assert server.requests[0].headers["authorization"] == "Bearer s3cret-value"
        assert server.requests[0].headers["x-order"] == "{{secrets.OTHER}}", "a variable cannot ask for a secret"
        history = (await engine.history(instance)).to_json()
        assert "s3cret-value" not in history
        await engine.execute(instance, CompleteWait(now=0, wait=engine.wait(instance, "look")))
        assert await engine.result(instance) == {"outcome": "completed"}


async def test_camunda_8_connector(temporal_client: Client, task_queue: str, server: HttpServer) -> None:
    server.answer = lambda request: Reply(503 if len(server.requests) == 1 else 200, b'{"items": [1, 2]}')
    model = _camunda8(
        {
            "method": "POST",
            "url": "=base + &quot;/items&quot;",
            "body": "={amount: amount}",
            "authentication.type": "bearer",
            "authentication.token": "{{secrets.TOKEN}}",
        },
        {
            "resultVariable": "answer",
            "resultExpression": "={total: sum(response.body.items)}",
            "retryBackoff": "PT0.1S",
        },
    )
    async with _engine(temporal_client, task_queue, model, server, secrets={"TOKEN": "s3cret-value"}) as engine:
        instance = await engine.start(
            variables={"base": server.url, "amount": 3, "headers": {"X-Stray": "1"}, "queryParameters": {"a": 1}}
        )
        await _at(engine, instance, "look")
        variables = engine.read_model.variables(instance)
        assert variables["total"] == 3
        assert variables["answer"]["status"] == 200
        assert "authentication" not in variables
        first, second = server.requests
        assert (first.body, first.path) == (second.body, second.path) == (b'{"amount":3}', "/items")
        assert second.headers["authorization"] == "Bearer s3cret-value"
        assert "x-stray" not in second.headers, "variables that lie around are no inputs"
        assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
        assert "s3cret-value" not in (await engine.history(instance)).to_json()


async def test_an_error_expression_reaches_the_boundary_event(
    temporal_client: Client, task_queue: str, server: HttpServer
) -> None:
    server.answer = lambda request: Reply(404, b'{"reason": "unknown"}')
    boundary = """<boundaryEvent id="gone" attachedToRef="call"><errorEventDefinition errorRef="e"/></boundaryEvent>
    <sequenceFlow id="f4" sourceRef="gone" targetRef="repair"/><userTask id="repair"/>"""
    model = _camunda8(
        {"url": "=base"},
        {
            "errorExpression": "=if error.code = &quot;404&quot; then "
            "bpmnError(&quot;GONE&quot;, error.message, {why: response.body.reason}) else null"
        },
        boundary,
    ).replace(b"</process>", b'</process><error id="e" errorCode="GONE"/>')
    async with _engine(temporal_client, task_queue, model, server) as engine:
        instance = await engine.start(variables={"base": server.url})
        await _at(engine, instance, "repair")
        assert len(server.requests) == 1, "a modelled error is not tried again"
        assert engine.read_model.variables(instance)["why"] == "unknown"


async def test_a_host_that_is_not_listed_is_an_incident_that_can_be_resolved(
    temporal_client: Client, task_queue: str, server: HttpServer
) -> None:
    model = _camunda7(_input("url", "${base}") + _input("method", "GET"))
    async with _engine(temporal_client, task_queue, model, server) as engine:
        instance = await engine.start(variables={"base": "http://169.254.169.254/latest"})
        await engine.until(lambda: engine.read_model.named(instance, "IncidentRaised"))
        (incident,) = engine.read_model.named(instance, "IncidentRaised")
        assert "OSTINATO_HTTP_HOSTS" in incident["message"]
        await engine.execute(instance, SetVariables(now=0, variables={"base": server.url}))
        await engine.execute(instance, ResolveIncident(now=0, incident=incident["key"]))
        await _at(engine, instance, "look")
        assert len(server.requests) == 1, "the inputs were read anew"


async def test_mail_from_a_model(temporal_client: Client, task_queue: str) -> None:
    model = _camunda7(
        _input("to", "${who}") + _input("subject", "Order ${number}") + _input("text", "Hello"),
        _output("mailId", "${messageId}"),
        id="mail-send",
    )
    with mail_server() as box:
        settings = MailServer("127.0.0.1", box.port, "none", sender="e@example.org", recipients=("*@example.org",))
        async with _engine(temporal_client, task_queue, model, mail=settings) as engine:
            instance = await engine.start(variables={"who": "bob@example.org", "number": 7})
            await _at(engine, instance, "look")
            assert str(box.letters[0].message["Subject"]) == "Order 7"
            assert engine.read_model.variables(instance)["mailId"] == str(box.letters[0].message["Message-ID"])


# -- reading


def _call(model: bytes) -> FlowNode:
    (definition,) = compile_all(parse_bpmn(model), "c7")
    return definition.nodes["call"]


def test_secrets_are_those_that_the_model_spells() -> None:
    nested = '<camunda:map><camunda:entry key="a">x {{ secrets.A_1 }} {{secrets.b}}</camunda:entry></camunda:map>'
    assert named_secrets(_call(_camunda7(_input("url", "{{secrets.url}}") + _input("headers", nested)))) == [
        "A_1",
        "b",
        "url",
    ]
    spoken = _camunda8({"url": "x", "headers": "={a: &quot;{{secrets.T}}&quot;}"}, {})
    assert named_secrets(_call(spoken)) == ["T"]
    assert named_secrets(_call(_camunda8({"url": "=a"}, {}))) == []


@pytest.mark.parametrize(("headers", "kind"), [({}, "connector"), ({"taskQueue": "mine"}, "service")])
def test_a_task_queue_makes_a_connector_a_job_of_ones_own(headers: dict[str, str], kind: str) -> None:
    spec: Any = _call(_camunda8({"url": "x"}, headers)).spec
    assert spec.work.kind == kind
