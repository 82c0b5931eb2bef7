"""The shapes of answers, one TypedDict per DTO of Camunda's API: the type checker sees that no field is forgotten."""
