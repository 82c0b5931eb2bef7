"""Answers: deployments, definitions and what is deployed. Absent values are null."""

from __future__ import annotations

from typing_extensions import TypedDict


class AtomLink(TypedDict):
    rel: str | None
    href: str | None
    method: str | None


class DeploymentDto(TypedDict):
    links: list[AtomLink]
    id: str | None
    tenantId: str | None
    deploymentTime: str | None
    source: str | None
    name: str | None


class DeploymentResourceDto(TypedDict):
    id: str | None
    name: str | None
    deploymentId: str | None


class ProcessDefinitionDto(TypedDict):
    id: str | None
    key: str | None
    category: str | None
    description: str | None
    name: str | None
    version: int | None
    resource: str | None
    deploymentId: str | None
    diagram: str | None
    suspended: bool
    tenantId: str | None
    versionTag: str | None
    historyTimeToLive: int | None
    startableInTasklist: bool


class DecisionDefinitionDto(TypedDict):
    id: str | None
    key: str | None
    category: str | None
    name: str | None
    version: int | None
    resource: str | None
    deploymentId: str | None
    tenantId: str | None
    decisionRequirementsDefinitionId: str | None
    decisionRequirementsDefinitionKey: str | None
    historyTimeToLive: int | None
    versionTag: str | None


class DecisionRequirementsDefinitionDto(TypedDict):
    id: str | None
    key: str | None
    category: str | None
    name: str | None
    version: int | None
    resource: str | None
    deploymentId: str | None
    tenantId: str | None


class CaseDefinitionDto(TypedDict):
    id: str | None
    key: str | None
    category: str | None
    name: str | None
    version: int | None
    resource: str | None
    deploymentId: str | None
    tenantId: str | None
    historyTimeToLive: int | None


class DeploymentWithDefinitionsDto(DeploymentDto):
    deployedProcessDefinitions: dict[str, ProcessDefinitionDto] | None
    deployedDecisionDefinitions: dict[str, DecisionDefinitionDto] | None
    deployedDecisionRequirementsDefinitions: dict[str, DecisionRequirementsDefinitionDto] | None
    deployedCaseDefinitions: dict[str, CaseDefinitionDto] | None


class CalledProcessDefinitionDto(ProcessDefinitionDto):
    calledFromActivityIds: list[str]
    callingProcessDefinitionId: str | None


class ProcessDefinitionDiagramDto(TypedDict):
    id: str | None
    bpmn20Xml: str | None


class DecisionDefinitionDiagramDto(TypedDict):
    id: str | None
    dmnXml: str | None


class DecisionRequirementsDefinitionXmlDto(TypedDict):
    id: str | None
    dmnXml: str | None


class IncidentStatisticsResultDto(TypedDict):
    incidentType: str | None
    incidentCount: int | None


class ActivityStatisticsResultDto(TypedDict):
    id: str | None
    instances: int | None
    failedJobs: int | None
    incidents: list[IncidentStatisticsResultDto]


class ProcessDefinitionStatisticsResultDto(TypedDict):
    id: str | None
    instances: int | None
    failedJobs: int | None
    incidents: list[IncidentStatisticsResultDto]
    definition: ProcessDefinitionDto | None


class CamundaFormRef(TypedDict):
    key: str | None
    binding: str | None
    version: int | None


class FormDto(TypedDict):
    key: str | None
    camundaFormRef: CamundaFormRef | None
    contextPath: str | None


class JobDefinitionDto(TypedDict):
    id: str | None
    processDefinitionId: str | None
    processDefinitionKey: str | None
    activityId: str | None
    jobType: str | None
    jobConfiguration: str | None
    overridingJobPriority: int | None
    suspended: bool
    tenantId: str | None
    deploymentId: str | None
