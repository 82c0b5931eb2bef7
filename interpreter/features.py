"""Named behaviours: where Camunda 7 departs from BPMN 2.0.2, and what a later release does differently from an earlier
one. A state keeps the set it was started with: the profile's and the rule book's.

Names are never reused or given another meaning: recorded histories carry them.
"""

from __future__ import annotations

from typing import Final

JOIN_COUNTS_TOKENS: Final = "join_counts_tokens"
"""Parallel join: as many tokens as incoming flows are enough, whichever flows they came by (spec: one on each flow,
13.4.1)."""

INCLUSIVE_ON_ARRIVAL: Final = "inclusive_on_arrival"
"""Inclusive join: looked at only when a token arrives there (spec: whenever a token of the scope moves, 13.4.3)."""

INCLUSIVE_TAKES_ALL: Final = "inclusive_takes_all"
"""Inclusive join: consumes every waiting token (spec: one per incoming flow, 13.4.3)."""

UNCAUGHT_ERROR_ENDS_PATH: Final = "uncaught_error_ends_path"
"""A BPMN error that nobody catches ends its path like a none end event (spec: incident)."""

LOOP_COUNTER_FROM_ZERO: Final = "loop_counter_from_zero"
"""`loopCounter` of the first instance is 0 (spec: 1)."""

STANDARD_LOOP_IGNORED: Final = "standard_loop_ignored"
"""An activity with standard loop characteristics runs once (spec: it loops, 13.3.6)."""

COMPENSATION_CONCURRENT: Final = "compensation_concurrent"
"""All compensation handlers are started, the last completed activity's first, without waiting for one another
(spec: each waits for the one before it, 13.5.5)."""

COMPENSATION_ALWAYS_WAITS: Final = "compensation_always_waits"
"""A compensation throw event waits for its handlers even with waitForCompletion="false" (spec: it goes on)."""

COMPENSATION_STOPS_AT_CALLS: Final = "compensation_stops_at_calls"
"""What a called instance did is not compensated by its caller (spec: it is, when the call activity completed)."""

CONDITIONS_BY_LEVEL: Final = "conditions_by_level"
"""A conditional event fires at every change of a variable while its condition is true (spec: when it becomes true)."""

THROWS_AT_ONCE: Final = "throws_at_once"
"""A token that comes to a signal throw event throws at once, depth first (spec: the order of concurrent tokens is
free, and a throw lets them reach their catch events first)."""

CYCLE_CATCH_ONCE: Final = "cycle_catch_once"
"""An intermediate catch event with a time cycle fires once (spec: a token leaves it at every repetition)."""

LOOP_UNTIL: Final = "loop_until"
"""A standard loop that is tested after its activity goes on until its condition is true, as ProcessMaker reads it
(spec: while it is true, Table 10.27). In no profile: for the judge of the nayra suite."""

LOOP_INPUT_ERRORS: Final = "loop_input_errors"
"""Missing, wrong or empty input of a multi-instance activity is the BPMN error INVALID_DATA_INPUT, as ProcessMaker
has it (spec: a failure; and nothing to do is no error). In no profile: for the judge of the nayra suite."""

LISTENER_JOBS: Final = "listener_jobs"
"""Listeners of job type are run everywhere: on sequence flows, on user tasks, on what is cancelled; Zeebe's at Zeebe's
points. Before, only the start and end of an activity had them."""

INNER_ASYNC_AFTER: Final = "inner_async_after"
"""`asyncAfter` of a multi-instance's loop characteristics holds each inner instance. Before, it was ignored."""

CALLERS_CATCHES_KNOWN: Final = "callers_catches_known"
"""A called instance is told which BPMN errors its callers catch, and treats others as errors that nobody catches.
Before, it ended with any of them."""

ASYNC_SIGNALS: Final = "async_signals"
"""A signal thrown with camunda:async goes to each receiver on its own, after the step. Before, it was thrown like any
other."""

ENDED_PATHS_LEAVE: Final = "ended_paths_leave"
"""What a BPMN error that nobody catches ends (profile c7) leaves like before a none end event: its end listeners and
outputs run. Before, it was gone at once."""

LEAVING_IS_FINAL: Final = "leaving_is_final"
"""A scope that leaves listens for its event subprocesses no more, and if a modification starts something in it then, it
waits for that. Before, what began while it left (a job of an end listener, an output mapping) was lost with it."""

RULES: Final = 2
"""The rule book that models are compiled with today. An instance keeps the book that its definition was compiled with,
so that one which began under an earlier release goes on as it began."""

ADDED: Final[dict[int, tuple[str, ...]]] = {
    2: (ASYNC_SIGNALS, CALLERS_CATCHES_KNOWN, ENDED_PATHS_LEAVE, INNER_ASYNC_AFTER, LEAVING_IS_FINAL, LISTENER_JOBS),
}
"""What each rule book adds to the one before, in every profile."""

PROFILES: Final[dict[str, tuple[str, ...]]] = {
    "c7": (
        COMPENSATION_ALWAYS_WAITS,
        COMPENSATION_CONCURRENT,
        COMPENSATION_STOPS_AT_CALLS,
        CONDITIONS_BY_LEVEL,
        CYCLE_CATCH_ONCE,
        INCLUSIVE_ON_ARRIVAL,
        INCLUSIVE_TAKES_ALL,
        JOIN_COUNTS_TOKENS,
        LOOP_COUNTER_FROM_ZERO,
        STANDARD_LOOP_IGNORED,
        THROWS_AT_ONCE,
        UNCAUGHT_ERROR_ENDS_PATH,
    ),
    "spec": (),
}


def features_of(profile: str, rules: int = RULES) -> tuple[str, ...]:
    """The behaviours of a profile under a rule book; ValueError when there is no profile of that name."""
    try:
        found = PROFILES[profile]
        return found + tuple([name for book, names in ADDED.items() if book <= rules for name in names])
    except KeyError:
        raise ValueError(f"Expected a profile ({', '.join(PROFILES)}) but it was {profile!r}.") from None
