"""Hints on control flow: common mistakes are found, sound models are left in peace."""

from __future__ import annotations

from interpreter.bpmn.builder import Builder, bpmn
from interpreter.bpmn.validate import validate

HINTS = {
    "mistake-deadlock",
    "mistake-no-synchronisation",
    "mistake-unreachable",
    "mistake-endless-loop",
    "mistake-dead-end",
}


def hints(builder: Builder) -> set[str]:
    return {problem.rule for problem in validate(builder.document())} & HINTS


def fork(split: str, join: str) -> Builder:
    builder = bpmn("p").start()
    getattr(builder, split)("split")
    if split == "parallel":
        builder.branch().task("a").to("join").branch().task("b")
    else:
        builder.when("= x").task("a").to("join").otherwise().task("b")
    getattr(builder, join)("join")
    return builder.task("after").end()


def test_matching_splits_and_joins_are_sound() -> None:
    for split, join in (
        ("parallel", "parallel"),
        ("exclusive", "exclusive"),
        ("inclusive", "inclusive"),
        ("parallel", "inclusive"),
    ):
        assert hints(fork(split, join)) == set(), (split, join)


def test_a_parallel_join_after_a_choice_waits_for_ever() -> None:
    assert hints(fork("exclusive", "parallel")) == {"mistake-deadlock"}


def test_a_merge_after_a_fork_runs_twice() -> None:
    assert hints(fork("parallel", "exclusive")) == {"mistake-no-synchronisation"}


def test_branches_with_work_in_between_are_seen_through() -> None:
    builder = bpmn("p").start().exclusive("g").when("= x").task("a").subprocess("s").start().end().up().to("j")
    builder.otherwise().task("b").catch("c", timer="PT1H").to("j").apart().parallel("j").end()
    assert hints(builder) == {"mistake-deadlock"}


def test_nested_blocks_are_sound() -> None:
    builder = bpmn("p").start().parallel("f").branch().exclusive("g").when("= x").task("a").to("m").otherwise().to("m")
    builder.apart().exclusive("m").to("j").branch("f").task("b").parallel("j").end()
    assert hints(builder) == set()


def test_loops_with_a_way_out_are_sound() -> None:
    assert (
        hints(bpmn("p").start().exclusive("m").task("a").exclusive("g").when("= again").to("m").otherwise().end())
        == set()
    )
    inside = bpmn("p").start().parallel("f").branch().exclusive("m").task("a").exclusive("g").when("= again").to("m")
    inside.otherwise().to("j").branch("f").task("b").parallel("j").end()
    assert hints(inside) == set()


def test_a_loop_without_a_way_out_is_told() -> None:
    assert hints(bpmn("p").start().task("a").task("b").to("a")) == {"mistake-endless-loop"}


def test_a_boundary_event_is_a_way_in_and_out() -> None:
    builder = bpmn("p").start().user_task("a").boundary("late", timer="PT1H").task("b").end().back().end()
    assert hints(builder) == set()


def test_links_lead_on() -> None:
    assert hints(bpmn("p").start().throw(link="L").catch(link="L").task("a").end()) == set()


def test_several_events_of_one_gateway_exclude_each_other() -> None:
    builder = (
        bpmn("p").start().event_based("g").branch().catch("a", timer="PT1H").to("j").branch().catch("b", message="m")
    )
    assert hints(builder.parallel("j").end()) == {"mistake-deadlock"}


def test_a_big_graph_is_analysed_in_linear_steps() -> None:
    builder = bpmn("p").start()
    for number in range(150):
        builder.parallel(f"f{number}").branch().task(f"a{number}").to(f"j{number}").branch().task(
            f"b{number}"
        ).parallel(f"j{number}")
    assert hints(builder.end()) == set()
