"""One file per resource of Camunda's API; `OPERATIONS` is the table of all that is served."""

from __future__ import annotations

from typing import Final

from api.operations import Operation, Resource
from api.resources.attachments import task_attachments
from api.resources.authorization import authorization
from api.resources.batch import BATCHES
from api.resources.cleanup import cleanup
from api.resources.decision_definition import decision_definitions, decision_requirements
from api.resources.deployment import deployment
from api.resources.events import condition, event_subscription, message, signal
from api.resources.execution import execution
from api.resources.external_task import external_task
from api.resources.filter import filter_resource
from api.resources.forms import FORMS
from api.resources.history import HISTORY
from api.resources.incident import incident
from api.resources.job import job
from api.resources.job_definition import job_definition
from api.resources.metrics import metrics
from api.resources.migration import migration
from api.resources.missing import MISSING
from api.resources.modification import modification
from api.resources.people import PEOPLE_RESOURCES
from api.resources.process_definition import process_definitions
from api.resources.process_instance import process_instance
from api.resources.reports import REPORTS
from api.resources.restart import restart
from api.resources.server import engine, version
from api.resources.task import task
from api.resources.task_people import PEOPLE
from api.resources.variable_instance import variable_instance

#: In the order in which requests are matched: what workers and people call most comes first.
RESOURCES: Final[tuple[Resource, ...]] = (
    version,
    engine,
    external_task,
    task,
    process_definitions,
    process_instance,
    message,
    signal,
    condition,
    execution,
    variable_instance,
    *PEOPLE,
    *FORMS,
    incident,
    job,
    job_definition,
    event_subscription,
    deployment,
    task_attachments,
    filter_resource,
    *PEOPLE_RESOURCES,
    authorization,
    decision_definitions,
    decision_requirements,
    modification,
    migration,
    restart,
    *BATCHES,
    cleanup,
    *HISTORY,
    *REPORTS,
    metrics,
)

OPERATIONS: Final[tuple[Operation, ...]] = (
    *(operation for resource in RESOURCES for operation in resource.operations),
    *MISSING,
)
