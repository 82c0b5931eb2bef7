"""What the chaos plays: small processes that together cover every element kind and every trigger.

Each scene is deterministic: which way an instance goes depends on its start variables only (`n`, which picks one of
`VARIANTS` ways), never on who is faster. So the outcome of an undisturbed instance says what a disturbed one of the
same variant must come to. Nodes whose number does depend on time are named in `loose`.

Names of what comes from outside carry the instance's token: messages `told-<node>-<token>`, signals
`heard-<node>-<token>`; the letter is correlated by the token as key. The client serves whatever it sees open.
"""

from __future__ import annotations

from typing import Final

from interpreter.bpmn.builder import Builder, bpmn
from interpreter.bpmn.parts import el, error, loop, message, multi
from tests.e2e.chaos.scenes_begun import BEGUN, WOKEN
from tests.e2e.chaos.scenes_operated import BIG, OPERATED, moved, sleeper
from tests.e2e.chaos.scenes_watched import WATCHED
from tests.e2e.chaos.stage import CLUMSY, DECLINE, FLAKY, HEADERS, MOODY, SHAKY, SHIP, WORK, Scene, put, undoable, work

PARKED: Final = "chaos_parked"
THROWER: Final = "chaos_thrower"


def _order() -> Builder:
    b = work(bpmn("chaos_order").start("start"), "charge").parallel("fork").user_task("approve").parallel("join")
    b = b.branch(at="fork").service_task("ship", topic=SHIP).to("join").at("join").catch("pause", timer="PT1S")
    b = b.service_task("pack", topic=CLUMSY)
    return b.exclusive("decide").when("= modulo(n, 2) = 0").end("accepted").otherwise().end("refused")


def _gateways() -> Builder:
    b = bpmn("chaos_gateways").start("start").inclusive("any").when("= modulo(n, 2) = 0")
    b = work(b, "even").inclusive("gather")
    b = b.when("= modulo(n, 3) = 0", at="any").user_task("third").to("gather")
    b = b.otherwise(at="any").manual_task("neither").to("gather").at("gather")
    b = b.parallel("three").task("a").complex("two", activation="= activationCount >= 2")
    b = b.branch(at="three").task("b").to("two").branch(at="three").task("c").to("two").at("two")
    return work(b, "after").end("done")


def _race() -> Builder:
    """Event-based gateway; receive task with a timer that never comes first; link; terminate."""
    b = bpmn("chaos_race").start("start").event_based("race").catch("late", timer="PT10H").end("too_late")
    b = (
        b.branch(at="race")
        .catch("mail", message="told-mail-${token}")
        .receive_task("receive", message="told-receive-${token}")
    )
    b = (
        b.boundary("impatient", timer="PT10H")
        .end("never")
        .at("receive")
        .throw("over", link="L")
        .catch("here", link="L")
    )
    b = b.parallel("split").receive_task("unwanted", message="nobody-${token}").end("unreached")
    return work(b.branch(at="split"), "last").end("stop", terminate=True)


def _ping() -> Builder:
    token = (el("camunda:in", source="token", target="token"), el("camunda:in", source="n", target="n"))
    b = bpmn("chaos_ping").start("start").throw("serve", message=message("chaos-ping", extensions=token))
    b = b.catch("return", message="chaos-pong", correlation_key="= token")
    b = b.send_task("send", type=WORK, headers=dict(HEADERS))
    return b.end("done")


def _pong() -> Builder:
    b = work(bpmn("chaos_pong").start("ball", message="chaos-ping"), "hit")
    return b.end("over", message=message("chaos-pong", correlation_key="= token"))


def _letter() -> Builder:
    """A letter is published twice under one id; the non-interrupting event subprocess must see it once."""
    b = bpmn("chaos_letter").start("start")
    b = put(b, "none_yet", "letters", "0").catch("wait", condition="= letters >= 1").catch("pause", timer="PT2S")
    b = b.end("done").event_subprocess("post_box")
    b = b.start("letter", message="chaos-letter", correlation_key="= token", interrupting=False)
    return put(b, "count", "letters", "letters + 1").end("counted").up()


def _signals() -> Builder:
    b = bpmn("chaos_signals").start("start").parallel("fork").catch("own", signal="own-${token}").parallel("join")
    b = b.branch(at="fork").user_task("ready").throw("shout", signal="own-${token}").to("join")
    b = b.branch(at="fork").catch("heard", signal="heard-heard-${token}").to("join").at("join")
    b = b.subprocess("listening").start("in").user_task("forever").end("out")
    b = b.event_subprocess("alarm").start("bell", signal="heard-bell-${token}").task("run").end("safe").up()
    return b.up().end("done")


def _thrower() -> Builder:
    return bpmn(THROWER).start("start").throw("shout", signal="${name}").end("done", signal="nobody-listens")


def _errors() -> Builder:
    b = bpmn("chaos_errors").start("start").subprocess("outer").start("in")
    b = work(b, "risky", DECLINE).end("fine").boundary("declined", on="risky", error=error("DECLINED"))
    b = b.throw("note", escalation="NOTE").exclusive("how_bad")
    b = b.when("= modulo(n, 3) = 0").end("bad", error="BAD").when("= modulo(n, 3) = 1", at="how_bad")
    b = b.end("worse", error="WORSE").otherwise(at="how_bad").end("tolerable", escalation="STOP")
    b = b.event_subprocess("rescue").start("caught", error="BAD")
    b = work(b, "mend").end("mended").up().up()
    b = b.boundary("worst", on="outer", error="WORSE").task("apologize").end("failed").at("outer")
    b = b.boundary("stopped", on="outer", escalation="STOP").end("halted").at("outer")
    b = b.boundary("noted", on="outer", escalation="NOTE", interrupting=False).task("write").end("written").at("outer")
    return b.end("done")


def _trip() -> Builder:
    """A transaction that is cancelled in two of three variants; compensation thrown from outside in the third."""
    b = undoable(bpmn("chaos_trip").start("start").transaction("trip").start("in").parallel("all"), "flight")
    b = b.parallel("booked")
    b = undoable(b.branch(at="all"), "hotel").to("booked").at("booked").exclusive("paid")
    b = b.when("= modulo(n, 3) > 0").service_task("pay_back", topic=SHIP).end("refused", cancel=True)
    b = b.otherwise(at="paid").end("fine").up()
    b = b.boundary("cancelled", on="trip", cancel=True).user_task("explain").end("stays").at("trip")
    b = undoable(b, "insure")
    return b.throw("regret", compensation=True).end("done")


def _many() -> Builder:
    b = bpmn("chaos_many").start("start")
    b = work(b, "each", mi=multi("${items}", element="item")).boundary("each_undone", compensation=True)
    b = b.handler("service_task", "each_undo", type=WORK, headers=dict(HEADERS))
    b = b.user_task("row", mi=multi(cardinality="2", sequential=True))
    b = b.subprocess("groups", mi=multi(cardinality="3")).start("in")
    b = work(b.service_task("parcel", topic=SHIP), "inside").end("out").up()
    b = b.subprocess("again", loop=loop("= false", maximum=2)).start("loop_in").task("once").end("loop_out").up()
    b = b.exclusive("undo").when("= modulo(n, 2) = 0").throw("back", compensation=True).end("undone")
    return b.otherwise(at="undo").end("done")


def _adhoc() -> Builder:
    b = bpmn("chaos_adhoc").start("start").adhoc("some").user_task("one").task("two").apart()
    b = work(b, "three").up()
    return b.adhoc("in_a_row", ordering="Sequential").user_task("first").apart().user_task("second").up().end("done")


def _events() -> Builder:
    """Conditional events, an event subprocess by timer, a boundary timer that may or may not come."""
    b = bpmn("chaos_events").start("start")
    b = put(put(b, "not_yet", "go", "false"), "silent", "ticked", "false").parallel("fork")
    b = b.catch("green", condition="= go = true").parallel("join")
    b = b.branch(at="fork").user_task("press").to("join")
    b = b.boundary("reminder", on="press", timer="PT1S", interrupting=False).end("reminded").at("join")
    b = b.catch("wait", condition="= ticked = true").user_task("watched")
    b = b.boundary("changed", condition="= go = false").end("wrong").at("watched").end("done")
    b = b.event_subprocess("clock").start("tick", timer="PT1S", interrupting=False)
    return put(b, "ring", "ticked", "true").end("rung").up()


def _caller() -> Builder:
    """Even: the called process fails. Odd: it complains and waits, until its caller has had enough."""
    ins = {"token": "token", "n": "n"}
    b = put(bpmn("chaos_caller").start("start"), "calm", "noticed", "false")
    b = b.call_activity("call", "chaos_callee", ins=ins).end("unreached")
    b = b.boundary("failed", on="call", error="NO_STOCK").end("unhappy")
    b = b.boundary("raised", on="call", escalation="SLOW", interrupting=False)
    b = put(b, "notice", "noticed", "true").end("noted")
    return b.boundary("enough", on="call", condition="= noticed = true").end("gave_up")


def _callee() -> Builder:
    b = bpmn("chaos_callee").start("start").exclusive("mood").when("= modulo(n, 2) = 0")
    b = b.end("broken", error="NO_STOCK").otherwise(at="mood").throw("slow", escalation="SLOW")
    return b.receive_task("forever", message="nobody-${token}").end("unreached")


def _asker() -> Builder:
    b = bpmn("chaos_asker").start("start")
    b = b.call_activity("ask", "chaos_helper", ins={"token": "token", "n": "n"}, outs={"answer": "reply"})
    b = b.call_activity("ask_all", "chaos_helper", ins={"token": "token", "n": "n"}, mi=multi(cardinality="3"))
    return b.end("done")


def _helper() -> Builder:
    b = work(bpmn("chaos_helper").start("start", attrs={"camunda:asyncBefore": "true"}), "help").user_task("sign")
    return put(b, "answer", "answer", "n + 1").end("done")


def _rules() -> Builder:
    b = bpmn("chaos_rules").start("start")
    b = b.business_rule_task("rate", decision="chaos_rate", result_variable="rate", map_decision_result="singleEntry")
    b = put(b.manual_task("look"), "add", "total", "rate + 1")
    b = b.service_task("evaluate", expression="${total + 1}", result_variable="more")
    b = b.business_rule_task("delegated", topic=SHIP).user_task("check", attrs={"camunda:asyncAfter": "true"})
    return b.end("done")


def _flaky() -> Builder:
    """Work that fails at first: by itself it succeeds again, or a person has to look."""
    b = work(bpmn("chaos_flaky").start("start"), "flaky", FLAKY, retry_cycle="R4/PT0.2S")
    b = work(b, "moody", MOODY, retry_cycle="R1/PT0.1S").service_task("shaky", topic=SHAKY)
    return b.end("done")


def _parked() -> Builder:
    """Stays open until the books are closed: its open waits are compared too."""
    b = bpmn(PARKED).start("start").parallel("fork").user_task("park").end("a")
    b = b.boundary("someday", on="park", timer="PT100H", interrupting=False).end("b")
    b = work(b.branch(at="fork"), "once").receive_task("nothing", message="nobody-${token}").end("c")
    return b.branch(at="fork").service_task("unserved", topic="chaos_nobody").end("d")


#: What the client starts.
SCENES: Final = (
    Scene("chaos_order", _order(), weight=3),
    Scene("chaos_gateways", _gateways()),
    Scene("chaos_race", _race()),
    Scene("chaos_ping", _ping(), weight=2),
    Scene("chaos_letter", _letter(), weight=2),
    Scene("chaos_signals", _signals()),
    Scene("chaos_errors", _errors()),
    Scene("chaos_trip", _trip()),
    Scene("chaos_many", _many()),
    Scene("chaos_adhoc", _adhoc()),
    Scene("chaos_events", _events(), loose=frozenset({"reminder", "reminded"})),
    Scene("chaos_caller", _caller()),
    Scene("chaos_asker", _asker()),
    Scene("chaos_rules", _rules()),
    Scene("chaos_flaky", _flaky()),
    *BEGUN,
    *OPERATED,
    *WATCHED,
    Scene(PARKED, _parked()),
)
#: What only other processes start.
HELPERS: Final = (_pong(), _thrower(), _callee(), _helper(), WOKEN, moved(), sleeper())
LOOSE: Final = frozenset(node for scene in SCENES for node in scene.loose)

#: More than stays in a Temporal history.
LARGE: Final = "big " * 50_000

RATE: Final = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="chaos_rates" name="Rates" namespace="urn:chaos">
  <decision id="chaos_rate" name="Rate">
    <decisionTable id="rates" hitPolicy="FIRST">
      <input id="i"><inputExpression id="e" typeRef="number"><text>n</text></inputExpression></input>
      <output id="o" name="rate" typeRef="number"/>
      <rule id="r1">
        <inputEntry id="r1i"><text>&lt; 3</text></inputEntry><outputEntry id="r1o"><text>10</text></outputEntry>
      </rule>
      <rule id="r2">
        <inputEntry id="r2i"><text>-</text></inputEntry><outputEntry id="r2o"><text>20</text></outputEntry>
      </rule>
    </decisionTable>
  </decision>
</definitions>
"""


def resources() -> dict[str, bytes]:
    """All files of one deployment, by name."""
    files = {f"{scene.key}.bpmn": scene.model.xml() for scene in SCENES}
    files |= {f"helper_{number}.bpmn": model.xml() for number, model in enumerate(HELPERS)}
    return files | {"rate.dmn": RATE}


def variables(key: str, token: str, variant: int) -> dict[str, object]:
    """Start variables of an instance."""
    mine: dict[str, object] = {"token": token, "n": variant, "items": [1, 2, 3, 4]}
    return mine | {"big": LARGE} if key == BIG else mine
