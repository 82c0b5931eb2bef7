"""Decision tables (DMN 1.5 clause 8): matching rules by index, hit policies, aggregation."""
