"""XML namespaces that BPMN files use, and the precedence among the vendors whose extensions the engine reads.

BPMN 2.0.2, clause 15.3 (the XML schemas) names the first four. The Camunda family shares one vocabulary of extension
attributes and elements under several namespaces; when one element carries the same name under two of them, the first
in ``CAMUNDA_FAMILY`` wins.
"""

from __future__ import annotations

from typing import Final

BPMN: Final = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI: Final = "http://www.omg.org/spec/BPMN/20100524/DI"
DC: Final = "http://www.omg.org/spec/DD/20100524/DC"
DI: Final = "http://www.omg.org/spec/DD/20100524/DI"

XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
XSD: Final = "http://www.w3.org/2001/XMLSchema"
XML: Final = "http://www.w3.org/XML/1998/namespace"

CAMUNDA: Final = "http://camunda.org/schema/1.0/bpmn"
OPERATON: Final = "http://operaton.org/schema/1.0/bpmn"
CIBSEVEN: Final = "http://cibseven.org/schema/1.0/bpmn"
ACTIVITI: Final = "http://activiti.org/bpmn"
FLOWABLE: Final = "http://flowable.org/bpmn"
FOX: Final = "http://www.camunda.com/fox"
ZEEBE: Final = "http://camunda.org/schema/zeebe/1.0"
MODELER: Final = "http://camunda.org/schema/modeler/1.0"

CAMUNDA_FAMILY: Final = (CAMUNDA, OPERATON, CIBSEVEN, ACTIVITI, FLOWABLE, FOX)
"""Vendor namespaces with Camunda's vocabulary, strongest first."""

DRAFTS: Final = ("http://schema.omg.org/spec/BPMN/2.0", "http://schema.omg.org/spec/BPMN/2.0beta")
"""Namespaces of the drafts before BPMN 2.0 was adopted: recognised only to say so."""

EXPRESSION_XPATH: Final = "http://www.w3.org/1999/XPath"


def split(tag: str) -> tuple[str, str]:
    """``{namespace}local`` (lxml's notation) as ``(namespace, local)``; an unqualified name has namespace ``""``."""
    if tag.startswith("{"):
        namespace, _, local = tag[1:].partition("}")
        return namespace, local
    return "", tag


def qualified(namespace: str, local: str) -> str:
    """The reverse of :func:`split`."""
    return f"{{{namespace}}}{local}" if namespace else local
