"""The strict pass over an outgoing bundle: the model's check, then everything the model lets through.

What it must not do: repair anything, or quote a value of the bundle.
"""

from __future__ import annotations

from fhir_gateway.fhir.checks.bindings import bindings
from fhir_gateway.fhir.checks.invariants import invariants
from fhir_gateway.fhir.checks.model import model
from fhir_gateway.fhir.checks.narrative import narratives
from fhir_gateway.fhir.checks.problem import Problem, Scan
from fhir_gateway.fhir.checks.references import references
from fhir_gateway.fhir.checks.shape import shape
from fhir_gateway.fhir.elements import JsonObject
from screening.domain.errors import ReportInvalid

_CHECKS = (model, shape, bindings, references, invariants, narratives)
_SHOWN = 5


def problems(bundle: JsonObject) -> tuple[Problem, ...]:
    """Every fault found, in the order of the checks; empty when the bundle may leave."""
    scan = Scan.of(bundle)
    return tuple(problem for check in _CHECKS for problem in check(scan))


def require_valid(bundle: JsonObject, report_id: str) -> None:
    """Raise ReportInvalid, naming rules and element paths, when the bundle has any fault."""
    found = problems(bundle)
    if found:
        listed = "; ".join(f"{problem.rule} at {problem.path}" for problem in found[:_SHOWN])
        raise ReportInvalid(f"report {report_id} breaks {len(found)} rules: {listed}")
