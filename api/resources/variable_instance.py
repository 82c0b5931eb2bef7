"""/variable-instance: the variables of everything that runs."""

from __future__ import annotations

from api.dto.runtime import VariableInstanceDto
from api.operations import Resource
from api.shapes import VariableShape
from api.values import serve_values
from store.variables import VARIABLES

variable_instance = Resource("variable-instance", "Variable Instance")

serve_values(variable_instance, VARIABLES, VariableInstanceDto, VariableShape(VariableInstanceDto), "Variable instance")
