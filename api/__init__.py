"""The HTTP facade: Camunda 7's REST API under /engine-rest and the project's own API under /api. Thin by law:
validate, call Temporal or query the store, shape the answer.
"""
