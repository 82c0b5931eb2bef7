"""Answers: what runs: instances, tasks, jobs, incidents, subscriptions. Absent values are null."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from api.dto.repository import AtomLink, CamundaFormRef
from api.variables import VariableValueDto


class ProcessInstanceDto(TypedDict):
    links: list[AtomLink]
    id: str | None
    definitionId: str | None
    definitionKey: str | None
    businessKey: str | None
    caseInstanceId: str | None
    ended: bool
    suspended: bool
    tenantId: str | None


class ProcessInstanceWithVariablesDto(ProcessInstanceDto):
    variables: dict[str, VariableValueDto] | None


class ExecutionDto(TypedDict):
    id: str | None
    processInstanceId: str | None
    ended: bool
    tenantId: str | None


class MessageCorrelationResultWithVariableDto(TypedDict):
    resultType: str | None
    processInstance: ProcessInstanceDto | None
    execution: ExecutionDto | None
    variables: dict[str, VariableValueDto] | None


class ActivityInstanceIncidentDto(TypedDict):
    id: str | None
    activityId: str | None


class TransitionInstanceDto(TypedDict):
    id: str | None
    parentActivityInstanceId: str | None
    activityId: str | None
    activityName: str | None
    activityType: str | None
    processInstanceId: str | None
    processDefinitionId: str | None
    executionId: str | None
    incidentIds: list[str]
    incidents: list[ActivityInstanceIncidentDto]


class ActivityInstanceDto(TypedDict):
    id: str | None
    parentActivityInstanceId: str | None
    activityId: str | None
    activityName: str | None
    name: str | None
    activityType: str | None
    processInstanceId: str | None
    processDefinitionId: str | None
    childActivityInstances: list[ActivityInstanceDto]
    childTransitionInstances: list[TransitionInstanceDto]
    executionIds: list[str]
    incidentIds: list[str]
    incidents: list[ActivityInstanceIncidentDto]


class VariableInstanceDto(VariableValueDto):
    id: str | None
    name: str | None
    processDefinitionId: str | None
    processInstanceId: str | None
    executionId: str | None
    caseInstanceId: str | None
    caseExecutionId: str | None
    taskId: str | None
    batchId: str | None
    activityInstanceId: str | None
    tenantId: str | None
    errorMessage: str | None


class TaskDto(TypedDict):
    id: str | None
    name: str | None
    assignee: str | None
    owner: str | None
    created: str | None
    lastUpdated: str | None
    due: str | None
    followUp: str | None
    delegationState: str | None
    description: str | None
    executionId: str | None
    parentTaskId: str | None
    priority: int | None
    processDefinitionId: str | None
    processInstanceId: str | None
    caseExecutionId: str | None
    caseDefinitionId: str | None
    caseInstanceId: str | None
    taskDefinitionKey: str | None
    suspended: bool
    formKey: str | None
    camundaFormRef: CamundaFormRef | None
    tenantId: str | None
    taskState: str | None


class IdentityLinkDto(TypedDict):
    userId: str | None
    groupId: str | None
    type: str | None


class CommentDto(TypedDict):
    links: list[AtomLink]
    id: str | None
    userId: str | None
    taskId: str | None
    processInstanceId: str | None
    time: str | None
    message: str | None
    removalTime: str | None
    rootProcessInstanceId: str | None


class AttachmentDto(TypedDict):
    links: list[AtomLink]
    id: str | None
    name: str | None
    description: str | None
    taskId: str | None
    type: str | None
    url: str | None
    createTime: str | None
    removalTime: str | None
    rootProcessInstanceId: str | None


class TaskCountByCandidateGroupResultDto(TypedDict):
    groupName: str | None
    taskCount: int | None


class ExternalTaskDto(TypedDict):
    activityId: str | None
    activityInstanceId: str | None
    errorMessage: str | None
    executionId: str | None
    id: str | None
    lockExpirationTime: str | None
    processDefinitionId: str | None
    processDefinitionKey: str | None
    processDefinitionVersionTag: str | None
    processInstanceId: str | None
    tenantId: str | None
    retries: int | None
    suspended: bool
    workerId: str | None
    topicName: str | None
    priority: int | None
    businessKey: str | None
    createTime: str | None


class LockedExternalTaskDto(TypedDict):
    activityId: str | None
    activityInstanceId: str | None
    errorMessage: str | None
    errorDetails: str | None
    executionId: str | None
    id: str | None
    lockExpirationTime: str | None
    processDefinitionId: str | None
    processDefinitionKey: str | None
    processDefinitionVersionTag: str | None
    processInstanceId: str | None
    tenantId: str | None
    retries: int | None
    suspended: bool
    workerId: str | None
    priority: int | None
    topicName: str | None
    businessKey: str | None
    variables: dict[str, VariableValueDto] | None
    extensionProperties: dict[str, str] | None
    createTime: str | None


class JobDto(TypedDict):
    id: str | None
    jobDefinitionId: str | None
    dueDate: str | None
    processInstanceId: str | None
    executionId: str | None
    processDefinitionId: str | None
    processDefinitionKey: str | None
    retries: int | None
    exceptionMessage: str | None
    failedActivityId: str | None
    suspended: bool
    priority: int | None
    tenantId: str | None
    createTime: str | None
    batchId: str | None


class IncidentDto(TypedDict):
    id: str | None
    processDefinitionId: str | None
    processInstanceId: str | None
    executionId: str | None
    incidentTimestamp: str | None
    incidentType: str | None
    activityId: str | None
    failedActivityId: str | None
    causeIncidentId: str | None
    rootCauseIncidentId: str | None
    configuration: str | None
    tenantId: str | None
    incidentMessage: str | None
    jobDefinitionId: str | None
    annotation: str | None


class EventSubscriptionDto(TypedDict):
    id: str | None
    eventType: str | None
    eventName: str | None
    executionId: str | None
    processInstanceId: str | None
    activityId: str | None
    createdDate: str | None
    tenantId: str | None


class MigrationInstructionDto(TypedDict):
    sourceActivityIds: list[str]
    targetActivityIds: list[str]
    updateEventTrigger: bool


class MigrationPlanDto(TypedDict):
    sourceProcessDefinitionId: str | None
    targetProcessDefinitionId: str | None
    instructions: list[MigrationInstructionDto]
    variables: dict[str, VariableValueDto] | None


class MigrationInstructionValidationReportDto(TypedDict):
    instruction: MigrationInstructionDto | None
    failures: list[str]


class MigrationPlanReportDto(TypedDict):
    instructionReports: list[MigrationInstructionValidationReportDto]
    variableReports: dict[str, dict[str, Any]] | None


class BatchDto(TypedDict):
    id: str | None
    type: str | None
    totalJobs: int | None
    jobsCreated: int | None
    batchJobsPerSeed: int | None
    invocationsPerBatchJob: int | None
    seedJobDefinitionId: str | None
    monitorJobDefinitionId: str | None
    batchJobDefinitionId: str | None
    suspended: bool
    tenantId: str | None
    createUserId: str | None
    startTime: str | None
    executionStartTime: str | None


class BatchStatisticsDto(BatchDto):
    remainingJobs: int | None
    completedJobs: int | None
    failedJobs: int | None


class FilterDto(TypedDict):
    id: str | None
    resourceType: str | None
    name: str | None
    owner: str | None
    query: dict[str, Any] | None
    properties: dict[str, Any] | None
    itemCount: int | None
