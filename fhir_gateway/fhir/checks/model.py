"""First check: the R4B models, limited to what R4 4.0.1 also has.

The library raises a bare KeyError for a resource type it does not know; that is a fault of the bundle like any other.
Only element paths and rule names are taken from its findings, never the values it quotes.
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir.resources.R4B.bundle import Bundle
from pydantic import ValidationError

from fhir_gateway.fhir.checks.problem import Problem, Scan, resources

TYPES = frozenset(
    {"Patient", "Organization", "PractitionerRole", "Device", "ImagingStudy", "Observation", "DiagnosticReport"}
    | {"ServiceRequest", "Provenance"}
)
"""Resource types a report bundle may hold; all exist in R4 4.0.1 with the same elements as in R4B."""


def model(scan: Scan) -> Iterator[Problem]:
    """Cardinality, types, primitive formats and unknown members, as far as the models check them."""
    unknown = [path for path, resource in resources(scan.bundle) if resource.get("resourceType") not in TYPES]
    yield from (Problem("resource-type", path) for path in unknown)
    if unknown:
        return
    try:
        Bundle.model_validate(scan.bundle)
    except ValidationError as broken:
        for error in broken.errors(include_url=False, include_context=False, include_input=False):
            yield Problem(f"model-{error['type']}", _path(error["loc"]))
    except (KeyError, TypeError, AttributeError):
        yield Problem("model-unreadable", "Bundle")


def _path(location: tuple[int | str, ...]) -> str:
    return "Bundle" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
