"""How a job that failed is tried again: by Temporal, without a workflow task per attempt, or by the workflow.

The model says how often and after which pauses (`wait.retries`, `wait.retry_after`). Irregular ones (`R3/PT1M` is
regular, `PT1M,PT10M,PT1H` is not) are driven by the workflow, one attempt after the other. The header `retryPolicy`
says which failures may be repeated:

    default   every failure
    strict    only an attempt of which nothing was heard (its worker died or took too long): what a worker reports as
              failed has failed for good
    none      nothing: the job is begun once, and a person decides about the rest
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError, TimeoutError, TimeoutType

from interpreter.values import Millis
from interpreter.waits import JobWait
from interpreter.workflow import contract

HEADER: Final = "retryPolicy"
DEFAULT: Final = "default"
STRICT: Final = "strict"
NONE: Final = "none"
POLICIES: Final = (DEFAULT, STRICT, NONE)

FIRST_PAUSE: Final = timedelta(seconds=1)
LONGEST_PAUSE: Final = timedelta(minutes=1)
_FINAL_ERRORS: Final = (contract.BPMN_ERROR, contract.BPMN_ESCALATION)
_UNHEARD: Final = (TimeoutType.START_TO_CLOSE, TimeoutType.HEARTBEAT)


def named(wait: JobWait) -> str:
    """The policy of this job; ValueError if its header names none that there is."""
    name = str(wait.headers.get(HEADER) or DEFAULT).strip()
    if name not in POLICIES:
        raise ValueError(
            f"Expected 'default', 'strict' or 'none' in header '{HEADER}' of job {wait.type!r} but it was {name!r}."
        )
    return name


def policy(wait: JobWait) -> RetryPolicy:
    """What Temporal itself repeats; one attempt where the workflow looks at each."""
    if _driven_by_workflow(wait) or named(wait) == NONE:
        return RetryPolicy(maximum_attempts=1, non_retryable_error_types=_FINAL_ERRORS)
    if wait.retry_after:
        pause = timedelta(milliseconds=max(wait.retry_after[0], 1))
        return RetryPolicy(
            initial_interval=pause,
            backoff_coefficient=1.0,
            maximum_interval=pause,
            maximum_attempts=max(wait.retries, 1),
            non_retryable_error_types=_FINAL_ERRORS,
        )
    return RetryPolicy(
        initial_interval=FIRST_PAUSE,
        maximum_interval=LONGEST_PAUSE,
        maximum_attempts=max(wait.retries, 1),
        non_retryable_error_types=_FINAL_ERRORS,
    )


def after(wait: JobWait, cause: BaseException, now: Millis) -> tuple[int, Millis | None]:
    """Attempts that are left after a failure that Temporal does not repeat, and when the next one is due."""
    if not _driven_by_workflow(wait) or wait.retries <= 1 or not _may_be_repeated(wait, cause):
        return 0, None
    left = wait.retries - 1
    pauses = wait.retry_after or (FIRST_PAUSE // timedelta(milliseconds=1),)
    return left, now + pauses[min(max(len(pauses) - left, 0), len(pauses) - 1)]


def _driven_by_workflow(wait: JobWait) -> bool:
    """Whether each attempt is an activity of its own: irregular pauses, or a failure has to be looked at."""
    name = named(wait)
    return name == STRICT or (name == DEFAULT and len(set(wait.retry_after)) > 1)


def _may_be_repeated(wait: JobWait, cause: BaseException) -> bool:
    if named(wait) == STRICT:
        return isinstance(cause, TimeoutError) and cause.type in _UNHEARD
    return not (isinstance(cause, ApplicationError) and cause.non_retryable)
