"""The namespaces of DMN's versions, and what counts as FEEL (DMN 1.5 clause 12 and its predecessors)."""

from __future__ import annotations

MODEL_VERSIONS: dict[str, str] = {
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20151101/dmn11.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20151101": "1.1",
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
    "https://www.omg.org/spec/DMN/20240513/MODEL/": "1.5",
}

FEEL_NAMESPACES = frozenset(
    {
        "http://www.omg.org/spec/FEEL/20140401",
        "http://www.omg.org/spec/DMN/20180521/FEEL/",
        "https://www.omg.org/spec/DMN/20191111/FEEL/",
        "https://www.omg.org/spec/DMN/20211108/FEEL/",
        "https://www.omg.org/spec/DMN/20230324/FEEL/",
        "https://www.omg.org/spec/DMN/20240513/FEEL/",
    }
)

CAMUNDA_NAMESPACES = frozenset({"http://camunda.org/schema/1.0/dmn", "http://flowable.org/dmn"})
CAMUNDA_MODELER_NAMESPACE = "http://camunda.org/schema/modeler/1.0"


def is_dmn_namespace(uri: str) -> bool:
    """Whether the URI looks like a DMN model namespace, also of a version that this engine does not know."""
    return uri in MODEL_VERSIONS or (
        uri.split("://")[-1].startswith("www.omg.org/spec/DMN/")
        and not any(part in uri for part in ("DMNDI", "/DI/", "/DC/", "/FEEL/"))
    )


def language_name(uri: str | None) -> str | None:
    """The short name of an expression language: every FEEL namespace is `feel`, others are kept (lower case)."""
    if uri is None:
        return None
    text = uri.strip()
    if not text:
        return None
    if text in FEEL_NAMESPACES or text.lower() in {"feel", "s-feel", "feel-scala-unary-tests", "feel-unary-tests"}:
        return "feel"
    return text.lower()
