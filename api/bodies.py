"""Request bodies, with Camunda's property names. Everything is optional here; operations say what they need and how."""

from __future__ import annotations

from typing import Any

from api.operations import Body

Variables = dict[str, Any] | None
"""Map of variables on the wire; `api.variables.read_variables` reads it."""


# --- process definitions and instances ------------------------------------------------------------------------------


class ModificationInstructionBody(Body):
    type: str | None = None
    activityId: str | None = None
    transitionId: str | None = None
    activityInstanceId: str | None = None
    transitionInstanceId: str | None = None
    ancestorActivityInstanceId: str | None = None
    cancelCurrentActiveActivityInstances: bool | None = None
    variables: Variables = None


class StartProcessInstanceBody(Body):
    businessKey: str | None = None
    caseInstanceId: str | None = None
    variables: Variables = None
    startInstructions: list[ModificationInstructionBody] | None = None
    skipCustomListeners: bool | None = None
    skipIoMappings: bool | None = None
    withVariablesInReturn: bool | None = None


class SubmitStartFormBody(Body):
    businessKey: str | None = None
    variables: Variables = None


class PatchVariablesBody(Body):
    modifications: Variables = None
    deletions: list[str] | None = None


class VariableBody(Body):
    type: str | None = None
    value: Any = None
    valueInfo: dict[str, Any] | None = None


class SuspensionBody(Body):
    suspended: bool | None = None


class ProcessInstancesSuspensionBody(SuspensionBody):
    processDefinitionId: str | None = None
    processDefinitionKey: str | None = None
    processDefinitionTenantId: str | None = None
    processDefinitionWithoutTenantId: bool | None = None
    processInstanceIds: list[str] | None = None
    processInstanceQuery: dict[str, Any] | None = None
    historicProcessInstanceQuery: dict[str, Any] | None = None


class ProcessDefinitionSuspensionBody(SuspensionBody):
    processDefinitionId: str | None = None
    processDefinitionKey: str | None = None
    processDefinitionTenantId: str | None = None
    processDefinitionWithoutTenantId: bool | None = None
    includeProcessInstances: bool | None = None
    executionDate: str | None = None


class ModificationBody(Body):
    skipCustomListeners: bool | None = None
    skipIoMappings: bool | None = None
    annotation: str | None = None
    instructions: list[ModificationInstructionBody] | None = None


class ModificationExecutionBody(ModificationBody):
    processDefinitionId: str | None = None
    processInstanceIds: list[str] | None = None
    processInstanceQuery: dict[str, Any] | None = None
    historicProcessInstanceQuery: dict[str, Any] | None = None


class MigrationInstructionBody(Body):
    sourceActivityIds: list[str] | None = None
    targetActivityIds: list[str] | None = None
    updateEventTrigger: bool | None = None


class MigrationPlanBody(Body):
    sourceProcessDefinitionId: str | None = None
    targetProcessDefinitionId: str | None = None
    instructions: list[MigrationInstructionBody] | None = None
    variables: Variables = None


class MigrationPlanGenerationBody(Body):
    sourceProcessDefinitionId: str | None = None
    targetProcessDefinitionId: str | None = None
    updateEventTriggers: bool | None = None
    variables: Variables = None


class MigrationExecutionBody(Body):
    migrationPlan: MigrationPlanBody | None = None
    processInstanceIds: list[str] | None = None
    processInstanceQuery: dict[str, Any] | None = None
    skipCustomListeners: bool | None = None
    skipIoMappings: bool | None = None


class RestartInstructionBody(Body):
    type: str | None = None
    activityId: str | None = None
    transitionId: str | None = None


class RestartProcessInstanceBody(Body):
    processInstanceIds: list[str] | None = None
    historicProcessInstanceQuery: dict[str, Any] | None = None
    skipCustomListeners: bool | None = None
    skipIoMappings: bool | None = None
    initialVariables: bool | None = None
    withoutBusinessKey: bool | None = None
    instructions: list[RestartInstructionBody] | None = None


class HistoryTimeToLiveBody(Body):
    historyTimeToLive: int | None = None


class RedeploymentBody(Body):
    resourceIds: list[str] | None = None
    resourceNames: list[str] | None = None
    source: str | None = None


class EvaluateDecisionBody(Body):
    variables: Variables = None


# --- events ---------------------------------------------------------------------------------------------------------


class MessageBody(Body):
    messageName: str | None = None
    businessKey: str | None = None
    tenantId: str | None = None
    withoutTenantId: bool | None = None
    processInstanceId: str | None = None
    correlationKeys: Variables = None
    localCorrelationKeys: Variables = None
    processVariables: Variables = None
    processVariablesLocal: Variables = None
    processVariablesToTriggeredScope: Variables = None
    all: bool | None = None
    resultEnabled: bool | None = None
    variablesInResultEnabled: bool | None = None


class SignalBody(Body):
    name: str | None = None
    executionId: str | None = None
    variables: Variables = None
    tenantId: str | None = None
    withoutTenantId: bool | None = None


class ConditionBody(Body):
    variables: Variables = None
    businessKey: str | None = None
    tenantId: str | None = None
    withoutTenantId: bool | None = None
    processDefinitionId: str | None = None


class TriggerBody(Body):
    variables: Variables = None


class CreateIncidentBody(Body):
    incidentType: str | None = None
    configuration: str | None = None
    message: str | None = None


class AnnotationBody(Body):
    annotation: str | None = None


# --- tasks ----------------------------------------------------------------------------------------------------------


class UserIdBody(Body):
    userId: str | None = None


class CompleteTaskBody(Body):
    variables: Variables = None
    withVariablesInReturn: bool | None = None


class TaskBpmnErrorBody(Body):
    errorCode: str | None = None
    errorMessage: str | None = None
    variables: Variables = None


class TaskEscalationBody(Body):
    escalationCode: str | None = None
    variables: Variables = None


class TaskBody(Body):
    id: str | None = None
    name: str | None = None
    description: str | None = None
    assignee: str | None = None
    owner: str | None = None
    delegationState: str | None = None
    due: str | None = None
    followUp: str | None = None
    priority: int | None = None
    parentTaskId: str | None = None
    caseInstanceId: str | None = None
    tenantId: str | None = None


class IdentityLinkBody(Body):
    userId: str | None = None
    groupId: str | None = None
    type: str | None = None


class CommentBody(Body):
    id: str | None = None
    message: str | None = None
    processInstanceId: str | None = None


# --- external tasks and jobs ----------------------------------------------------------------------------------------


class FetchTopicBody(Body):
    topicName: str | None = None
    lockDuration: int | None = None
    variables: list[str] | None = None
    localVariables: bool | None = None
    businessKey: str | None = None
    processDefinitionId: str | None = None
    processDefinitionIdIn: list[str] | None = None
    processDefinitionKey: str | None = None
    processDefinitionKeyIn: list[str] | None = None
    processDefinitionVersionTag: str | None = None
    withoutTenantId: bool | None = None
    tenantIdIn: list[str] | None = None
    processVariables: dict[str, Any] | None = None
    deserializeValues: bool | None = None
    includeExtensionProperties: bool | None = None


class FetchAndLockBody(Body):
    workerId: str | None = None
    maxTasks: int | None = None
    usePriority: bool | None = None
    asyncResponseTimeout: int | None = None
    sorting: list[dict[str, Any]] | None = None
    topics: list[FetchTopicBody] | None = None


class ExternalTaskBody(Body):
    workerId: str | None = None


class CompleteExternalTaskBody(ExternalTaskBody):
    variables: Variables = None
    localVariables: Variables = None


class ExternalTaskFailureBody(ExternalTaskBody):
    errorMessage: str | None = None
    errorDetails: str | None = None
    retries: int | None = None
    retryTimeout: int | None = None
    variables: Variables = None
    localVariables: Variables = None


class ExternalTaskBpmnErrorBody(ExternalTaskBody):
    errorCode: str | None = None
    errorMessage: str | None = None
    variables: Variables = None


class ExtendLockBody(ExternalTaskBody):
    newDuration: int | None = None


class LockBody(ExternalTaskBody):
    lockDuration: int | None = None


class RetriesBody(Body):
    retries: int | None = None


class ExternalTaskRetriesBody(RetriesBody):
    externalTaskIds: list[str] | None = None
    processInstanceIds: list[str] | None = None
    externalTaskQuery: dict[str, Any] | None = None
    processInstanceQuery: dict[str, Any] | None = None
    historicProcessInstanceQuery: dict[str, Any] | None = None


class JobRetriesBody(RetriesBody):
    dueDate: str | None = None


class PriorityBody(Body):
    priority: int | None = None


class JobDuedateBody(Body):
    duedate: str | None = None
    cascade: bool | None = None


class JobSuspensionBody(SuspensionBody):
    jobDefinitionId: str | None = None
    processDefinitionId: str | None = None
    processInstanceId: str | None = None
    processDefinitionKey: str | None = None
    processDefinitionTenantId: str | None = None
    processDefinitionWithoutTenantId: bool | None = None


class JobDefinitionSuspensionBody(SuspensionBody):
    processDefinitionId: str | None = None
    processDefinitionKey: str | None = None
    processDefinitionTenantId: str | None = None
    processDefinitionWithoutTenantId: bool | None = None
    includeJobs: bool | None = None
    executionDate: str | None = None


# --- people ---------------------------------------------------------------------------------------------------------


class UserProfileBody(Body):
    id: str | None = None
    firstName: str | None = None
    lastName: str | None = None
    email: str | None = None


class UserCredentialsBody(Body):
    password: str | None = None
    authenticatedUserPassword: str | None = None


class UserBody(Body):
    profile: UserProfileBody | None = None
    credentials: UserCredentialsBody | None = None


class GroupBody(Body):
    id: str | None = None
    name: str | None = None
    type: str | None = None


class TenantBody(Body):
    id: str | None = None
    name: str | None = None


class CredentialsBody(Body):
    username: str | None = None
    password: str | None = None


class AuthorizationBody(Body):
    type: int | None = None
    permissions: list[str] | None = None
    userId: str | None = None
    groupId: str | None = None
    resourceType: int | None = None
    resourceId: str | None = None


class FilterBody(Body):
    resourceType: str | None = None
    name: str | None = None
    owner: str | None = None
    query: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None


# --- many at once ---------------------------------------------------------------------------------------------------


class InstancesBody(Body):
    processInstanceIds: list[str] | None = None
    processInstanceQuery: dict[str, Any] | None = None
    historicProcessInstanceQuery: dict[str, Any] | None = None


class DeleteInstancesBody(InstancesBody):
    deleteReason: str | None = None
    skipCustomListeners: bool | None = None
    skipSubprocesses: bool | None = None
    skipIoMappings: bool | None = None


class SetVariablesAsyncBody(InstancesBody):
    variables: Variables = None


class CorrelationAsyncBody(InstancesBody):
    messageName: str | None = None
    variables: Variables = None


class JobsRetriesBody(JobRetriesBody):
    jobIds: list[str] | None = None
    jobQuery: dict[str, Any] | None = None


class JobRetriesByProcessBody(JobsRetriesBody):
    processInstances: list[str] | None = None
    processInstanceQuery: dict[str, Any] | None = None
    historicProcessInstanceQuery: dict[str, Any] | None = None


class DeleteHistoricInstancesBody(Body):
    historicProcessInstanceIds: list[str] | None = None
    historicProcessInstanceQuery: dict[str, Any] | None = None
    deleteReason: str | None = None
    failIfNotExists: bool | None = None


class RemovalTimeBody(Body):
    absoluteRemovalTime: str | None = None
    clearedRemovalTime: bool | None = None
    calculatedRemovalTime: bool | None = None
    hierarchical: bool | None = None
    updateInChunks: bool | None = None
    updateChunkSize: int | None = None
    historicProcessInstanceIds: list[str] | None = None
    historicProcessInstanceQuery: dict[str, Any] | None = None


class BatchRemovalTimeBody(RemovalTimeBody):
    historicBatchIds: list[str] | None = None
    historicBatchQuery: dict[str, Any] | None = None
