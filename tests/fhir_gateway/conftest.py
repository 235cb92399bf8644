"""Fixtures of the FHIR tests."""

from __future__ import annotations

import pytest

from tests.fhir_gateway.npm_tools import installed_node


@pytest.fixture(scope="session")
def node() -> str:
    """Path of node, with the foreign FHIR tools installed."""
    return installed_node()
