"""Boxed expressions as functions of a scope (DMN 1.5 clause 10.2), one compiler function per kind."""
