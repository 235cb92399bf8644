"""Composed reports, every version kept and noted in the ledger."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from screening.domain.errors import Conflict
from screening.domain.identifiers import CaseId
from screening.domain.report import StructuredReport
from screening.store.ledger import Entry, Ledger
from screening.store.mapping import report_of, report_row
from screening.store.people import People
from screening.store.tables import ReportRow


class SqlReports:
    """The `Reports` port over SQL."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._people = People(session)
        self._ledger = Ledger(session)

    def save(self, report: StructuredReport) -> None:
        """Append a version; saving it again changes nothing. Raises Conflict when it exists with other content."""
        self._ledger.lock()
        existing = self._session.get(ReportRow, (report.case, report.version))
        if existing is not None:
            if report_of(existing, self._people.read(existing.participant_id)) != report:
                raise Conflict(f"report version {report.version} of this case exists with other content")
            return
        _person, participant_id = self._people.participant(report.participant)
        row = report_row(report, participant_id)
        self._session.add(row)
        self._session.flush()
        entry = Entry("report.saved", f"{report.case}/report/{report.version}", row.document)
        self._ledger.append(report.issued, "service", [entry])

    def latest(self, case: CaseId) -> StructuredReport | None:
        """The newest version."""
        row = self._session.scalar(
            select(ReportRow).where(ReportRow.case_id == case).order_by(ReportRow.version.desc()).limit(1)
        )
        return report_of(row, self._people.read(row.participant_id)) if row is not None else None
