"""Which rules an evaluation follows: the standard's, or those of Camunda 7 or Camunda 8 where they differ.

Each field is one named difference; docs/dmn.md lists them and tests/dmn/test_profiles.py tests both sides.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """`name` is what users write; the rest are the single differences.

    * `feel_dialect`: the FEEL dialect that expressions are compiled with.
    * `whole_context`: a decision sees every variable of the caller, not only its declared requirements.
    * `required_result`: under which names a required decision's result is visible: `variable` (the standard), `outputs`
      (Camunda 7: each output column is a variable) or `id-and-name` (Camunda 8: decision id, decision name, variable).
    * `checks_types`: values that do not conform to a `typeRef` become null (the standard).
    * `converts_types`: input and output values are converted to the `typeRef` (Camunda 7: "5" is the integer 5).
    * `checks_input_values`: an input outside its allowed `inputValues` is an error and the result is null.
    * `omits_empty_outputs`: an empty output cell leaves the output out instead of giving null.
    * `has_ordered_policies`: PRIORITY and OUTPUT ORDER are supported.
    * `applies_defaults`: default output entries are used when no rule matches.
    * `cell_input`: input entries can use `cellInput`, or the name in camunda:inputVariable, for the input value.
    * `juel_in_braces`: a text such as `${x}` without a declared language is JUEL, not FEEL.
    """

    name: str
    feel_dialect: str = "spec"
    whole_context: bool = False
    required_result: str = "variable"
    checks_types: bool = True
    converts_types: bool = False
    checks_input_values: bool = True
    omits_empty_outputs: bool = False
    has_ordered_policies: bool = True
    applies_defaults: bool = True
    cell_input: bool = False
    juel_in_braces: bool = False


SPEC = Profile("spec")

CAMUNDA7 = Profile(
    "camunda7",
    feel_dialect="camunda",
    whole_context=True,
    required_result="outputs",
    checks_types=False,
    converts_types=True,
    checks_input_values=False,
    omits_empty_outputs=True,
    has_ordered_policies=False,
    applies_defaults=False,
    cell_input=True,
    juel_in_braces=True,
)

CAMUNDA8 = Profile(
    "camunda8",
    feel_dialect="camunda",
    whole_context=True,
    required_result="id-and-name",
    checks_types=False,
    checks_input_values=False,
    has_ordered_policies=False,
    cell_input=True,
)

PROFILES: dict[str, Profile] = {profile.name: profile for profile in (SPEC, CAMUNDA7, CAMUNDA8)}


def profile_named(name: str | Profile) -> Profile:
    """The profile with this name. Raises ValueError that lists the known names."""
    if isinstance(name, Profile):
        return name
    found = PROFILES.get(name)
    if found is None:
        raise ValueError(f"Expected a DMN profile of {', '.join(PROFILES)} but it was '{name}'")
    return found
