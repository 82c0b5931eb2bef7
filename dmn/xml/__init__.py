"""DMN 1.1 to 1.5 documents: bytes in, `dmn.model.Definitions` out."""

from dmn.xml.reader import MAX_DOCUMENT_BYTES, parse_dmn

__all__ = ["MAX_DOCUMENT_BYTES", "parse_dmn"]
