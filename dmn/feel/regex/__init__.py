"""Regular expressions as XPath has them (XQuery and XPath Functions 3.1, 5.6), in time linear in the text.

syntax.py      XPath pattern -> tree; everything XPath forbids is an error here
charsets.py    character classes, categories, blocks and their subtraction
emit.py        tree -> RE2's syntax
matcher.py     the few patterns that RE2 cannot run (back-references), with a step budget
"""

from __future__ import annotations

from .pattern import Pattern, PatternError, compile_pattern

__all__ = ["Pattern", "PatternError", "compile_pattern"]
