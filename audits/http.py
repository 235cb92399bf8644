"""The audit over HTTP: the KPI table as JSON, and the page."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from audits.page import to_html
from audits.report import AuditReport


def audit_router(report: Callable[[], AuditReport]) -> APIRouter:
    """Routes over the report that `report` makes anew for each request."""
    router = APIRouter(prefix="/audit", tags=["audit"])

    @router.get("")
    def kpis() -> dict[str, object]:
        """Every KPI with numerator, denominator, value and Wilson interval, whole and by split."""
        made = report()
        return {
            "notice": made.notice,
            "made_on": made.made_on,
            "cases": made.scope.cases,
            "kpis": made.table.to_dicts(),
        }

    @router.get("/page", response_class=HTMLResponse)
    def page() -> HTMLResponse:
        """The audit as one self-contained page."""
        return HTMLResponse(to_html(report()))

    return router
