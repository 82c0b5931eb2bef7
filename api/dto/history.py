"""Answers: what happened. Absent values are null."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from api.variables import VariableValueDto


class HistoricProcessInstanceDto(TypedDict):
    id: str | None
    rootProcessInstanceId: str | None
    superProcessInstanceId: str | None
    superCaseInstanceId: str | None
    caseInstanceId: str | None
    processDefinitionName: str | None
    processDefinitionKey: str | None
    processDefinitionVersion: int | None
    processDefinitionId: str | None
    businessKey: str | None
    startTime: str | None
    endTime: str | None
    removalTime: str | None
    durationInMillis: int | None
    startUserId: str | None
    startActivityId: str | None
    deleteReason: str | None
    tenantId: str | None
    state: str | None
    restartedProcessInstanceId: str | None


class HistoricActivityInstanceDto(TypedDict):
    id: str | None
    parentActivityInstanceId: str | None
    activityId: str | None
    activityName: str | None
    activityType: str | None
    processDefinitionKey: str | None
    processDefinitionId: str | None
    processInstanceId: str | None
    executionId: str | None
    taskId: str | None
    assignee: str | None
    calledProcessInstanceId: str | None
    calledCaseInstanceId: str | None
    startTime: str | None
    endTime: str | None
    durationInMillis: int | None
    canceled: bool
    completeScope: bool
    tenantId: str | None
    removalTime: str | None
    rootProcessInstanceId: str | None


class HistoricTaskInstanceDto(TypedDict):
    id: str | None
    processDefinitionKey: str | None
    processDefinitionId: str | None
    processInstanceId: str | None
    executionId: str | None
    caseDefinitionKey: str | None
    caseDefinitionId: str | None
    caseInstanceId: str | None
    caseExecutionId: str | None
    activityInstanceId: str | None
    name: str | None
    description: str | None
    deleteReason: str | None
    owner: str | None
    assignee: str | None
    startTime: str | None
    endTime: str | None
    duration: int | None
    taskDefinitionKey: str | None
    priority: int | None
    due: str | None
    parentTaskId: str | None
    followUp: str | None
    tenantId: str | None
    removalTime: str | None
    rootProcessInstanceId: str | None
    taskState: str | None


class HistoricVariableInstanceDto(VariableValueDto):
    id: str | None
    name: str | None
    processDefinitionKey: str | None
    processDefinitionId: str | None
    processInstanceId: str | None
    executionId: str | None
    activityInstanceId: str | None
    caseDefinitionKey: str | None
    caseDefinitionId: str | None
    caseInstanceId: str | None
    caseExecutionId: str | None
    taskId: str | None
    tenantId: str | None
    errorMessage: str | None
    state: str | None
    createTime: str | None
    removalTime: str | None
    rootProcessInstanceId: str | None


class HistoricDetailDto(TypedDict):
    id: str | None
    type: str | None
    processDefinitionKey: str | None
    processDefinitionId: str | None
    processInstanceId: str | None
    activityInstanceId: str | None
    executionId: str | None
    caseDefinitionKey: str | None
    caseDefinitionId: str | None
    caseInstanceId: str | None
    caseExecutionId: str | None
    taskId: str | None
    tenantId: str | None
    userOperationId: str | None
    time: str | None
    removalTime: str | None
    rootProcessInstanceId: str | None
    fieldId: str | None
    fieldValue: dict[str, Any] | None
    variableName: str | None
    variableInstanceId: str | None
    variableType: str | None
    value: dict[str, Any] | None
    valueInfo: dict[str, Any] | None
    initial: bool
    revision: int | None
    errorMessage: str | None


class HistoricIncidentDto(TypedDict):
    id: str | None
    processDefinitionKey: str | None
    processDefinitionId: str | None
    processInstanceId: str | None
    executionId: str | None
    rootProcessInstanceId: str | None
    createTime: str | None
    endTime: str | None
    removalTime: str | None
    incidentType: str | None
    activityId: str | None
    failedActivityId: str | None
    causeIncidentId: str | None
    rootCauseIncidentId: str | None
    configuration: str | None
    historyConfiguration: str | None
    incidentMessage: str | None
    tenantId: str | None
    jobDefinitionId: str | None
    open: bool
    deleted: bool
    resolved: bool
    annotation: str | None


class HistoricJobLogDto(TypedDict):
    id: str | None
    timestamp: str | None
    removalTime: str | None
    jobId: str | None
    jobDueDate: str | None
    jobRetries: int | None
    jobPriority: int | None
    jobExceptionMessage: str | None
    failedActivityId: str | None
    jobDefinitionId: str | None
    jobDefinitionType: str | None
    jobDefinitionConfiguration: str | None
    activityId: str | None
    executionId: str | None
    processInstanceId: str | None
    processDefinitionId: str | None
    processDefinitionKey: str | None
    deploymentId: str | None
    rootProcessInstanceId: str | None
    tenantId: str | None
    hostname: str | None
    batchId: str | None
    creationLog: bool
    failureLog: bool
    successLog: bool
    deletionLog: bool


class HistoricExternalTaskLogDto(TypedDict):
    id: str | None
    externalTaskId: str | None
    timestamp: str | None
    topicName: str | None
    workerId: str | None
    retries: int | None
    priority: int | None
    errorMessage: str | None
    activityId: str | None
    activityInstanceId: str | None
    executionId: str | None
    processInstanceId: str | None
    processDefinitionId: str | None
    processDefinitionKey: str | None
    tenantId: str | None
    creationLog: bool
    failureLog: bool
    successLog: bool
    deletionLog: bool
    removalTime: str | None
    rootProcessInstanceId: str | None


class HistoricDecisionInputInstanceDto(TypedDict):
    id: str | None
    decisionInstanceId: str | None
    clauseId: str | None
    clauseName: str | None
    errorMessage: str | None
    type: str | None
    createTime: str | None
    removalTime: str | None
    rootProcessInstanceId: str | None
    value: dict[str, Any] | None
    valueInfo: dict[str, Any] | None


class HistoricDecisionOutputInstanceDto(TypedDict):
    id: str | None
    decisionInstanceId: str | None
    clauseId: str | None
    clauseName: str | None
    ruleId: str | None
    ruleOrder: int | None
    errorMessage: str | None
    variableName: str | None
    type: str | None
    createTime: str | None
    removalTime: str | None
    rootProcessInstanceId: str | None
    value: dict[str, Any] | None
    valueInfo: dict[str, Any] | None


class HistoricDecisionInstanceDto(TypedDict):
    id: str | None
    decisionDefinitionId: str | None
    decisionDefinitionKey: str | None
    decisionDefinitionName: str | None
    evaluationTime: str | None
    removalTime: str | None
    processDefinitionId: str | None
    processDefinitionKey: str | None
    processInstanceId: str | None
    caseDefinitionId: str | None
    caseDefinitionKey: str | None
    caseInstanceId: str | None
    activityId: str | None
    activityInstanceId: str | None
    tenantId: str | None
    userId: str | None
    inputs: list[HistoricDecisionInputInstanceDto]
    outputs: list[HistoricDecisionOutputInstanceDto]
    collectResultValue: float | None
    rootDecisionInstanceId: str | None
    rootProcessInstanceId: str | None
    decisionRequirementsDefinitionId: str | None
    decisionRequirementsDefinitionKey: str | None


class HistoricIdentityLinkLogDto(TypedDict):
    id: str | None
    time: str | None
    type: str | None
    userId: str | None
    groupId: str | None
    taskId: str | None
    processDefinitionId: str | None
    processDefinitionKey: str | None
    operationType: str | None
    assignerId: str | None
    tenantId: str | None
    removalTime: str | None
    rootProcessInstanceId: str | None


class UserOperationLogEntryDto(TypedDict):
    id: str | None
    userId: str | None
    timestamp: str | None
    operationId: str | None
    operationType: str | None
    entityType: str | None
    category: str | None
    annotation: str | None
    property: str | None
    orgValue: str | None
    newValue: str | None
    deploymentId: str | None
    processDefinitionId: str | None
    processDefinitionKey: str | None
    processInstanceId: str | None
    executionId: str | None
    caseDefinitionId: str | None
    caseInstanceId: str | None
    caseExecutionId: str | None
    taskId: str | None
    externalTaskId: str | None
    batchId: str | None
    jobId: str | None
    jobDefinitionId: str | None
    removalTime: str | None
    rootProcessInstanceId: str | None


class HistoricActivityStatisticsDto(TypedDict):
    id: str | None
    instances: int | None
    canceled: int | None
    finished: int | None
    completeScope: int | None
    openIncidents: int | None
    resolvedIncidents: int | None
    deletedIncidents: int | None


class DurationReportResultDto(TypedDict):
    period: int | None
    periodUnit: str | None
    minimum: int | None
    maximum: int | None
    average: int | None


class HistoricTaskInstanceReportResultDto(TypedDict):
    taskName: str | None
    count: int | None
    processDefinitionKey: str | None
    processDefinitionId: str | None
    processDefinitionName: str | None
    period: int | None
    periodUnit: str | None
    minimum: int | None
    maximum: int | None
    average: int | None
    tenantId: str | None


class HistoricBatchDto(TypedDict):
    id: str | None
    type: str | None
    totalJobs: int | None
    batchJobsPerSeed: int | None
    invocationsPerBatchJob: int | None
    seedJobDefinitionId: str | None
    monitorJobDefinitionId: str | None
    batchJobDefinitionId: str | None
    tenantId: str | None
    createUserId: str | None
    startTime: str | None
    executionStartTime: str | None
    endTime: str | None
    removalTime: str | None


class CleanableHistoricProcessInstanceReportResultDto(TypedDict):
    processDefinitionId: str | None
    processDefinitionKey: str | None
    processDefinitionName: str | None
    processDefinitionVersion: int | None
    historyTimeToLive: int | None
    finishedProcessInstanceCount: int | None
    cleanableProcessInstanceCount: int | None
    tenantId: str | None


class CleanableHistoricDecisionInstanceReportResultDto(TypedDict):
    decisionDefinitionId: str | None
    decisionDefinitionKey: str | None
    decisionDefinitionName: str | None
    decisionDefinitionVersion: int | None
    historyTimeToLive: int | None
    finishedDecisionInstanceCount: int | None
    cleanableDecisionInstanceCount: int | None
    tenantId: str | None


class CleanableHistoricBatchReportResultDto(TypedDict):
    batchType: str | None
    historyTimeToLive: int | None
    finishedBatchesCount: int | None
    cleanableBatchesCount: int | None


class HistoryCleanupConfigurationDto(TypedDict):
    batchWindowStartTime: str | None
    batchWindowEndTime: str | None
    enabled: bool
