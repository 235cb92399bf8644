"""Fixtures of the tests over HTTP: a real service on its own store, and a real client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from screening.app.compose import Service
from screening.app.server import build_app
from tests.services import make_service


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service of two human readers."""
    made = make_service(tmp_path)
    yield made
    made.close()


@pytest.fixture
def client(service: Service) -> TestClient:
    """A client of that service."""
    return TestClient(build_app(service))
