"""What an export removed, masked and left out, for people (Markdown) and programs (JSON); counts and reasons only."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from screening.workflow.research_export import LeftOut, Treated, Treatment

LIMITS = (
    "Signs in the air beside the breast are blackened; text over the breast is not looked for and cannot be seen here.",
    "Times of day are kept, and the days between two dates of a woman are as they were.",
    "Women are told apart by issuer and patient id: one woman under two ids has two pseudonyms, and an objection under"
    " one of them does not reach the other.",
    "AI scores come from the model named in each row; the shipped models are trained on phantoms and are not for"
    " clinical use.",
)
"""What a reader of the export must know; stated in every report."""


@dataclass(frozen=True)
class ExportReport:
    """What one export did; `objects` are the pseudonym of the woman and what became of each of her objects."""

    version: str
    secret_fingerprint: str
    options: tuple[str, ...]
    women: int
    cases: int
    left_out: LeftOut
    objects: tuple[tuple[str, Treated], ...]

    def count(self, treatment: Treatment) -> int:
        """How many objects were treated so."""
        return sum(treated.treatment is treatment for _woman, treated in self.objects)

    @property
    def changes(self) -> dict[str, dict[str, int]]:
        """What was done to which attribute how often, over all objects that were written."""
        counts: Counter[tuple[str, str]] = Counter()
        for _woman, treated in self.objects:
            for what, attributes in treated.changes.items():
                counts.update({(what, keyword): number for keyword, number in attributes.items()})
        found: dict[str, dict[str, int]] = {}
        for (what, keyword), number in sorted(counts.items()):
            found.setdefault(what, {})[keyword] = number
        return found

    def with_reason(self, treatment: Treatment) -> Iterator[tuple[str, Treated]]:
        """Objects that were treated so."""
        return ((woman, treated) for woman, treated in self.objects if treated.treatment is treatment)


def as_json(report: ExportReport) -> str:
    """The report as JSON."""
    data = {
        "version": report.version,
        "profile_and_options": report.options,
        "secret_fingerprint": report.secret_fingerprint,
        "women": report.women,
        "cases": report.cases,
        "objects": {treatment.value: report.count(treatment) for treatment in Treatment},
        "left_out_whole": asdict(report.left_out),
        "changes": report.changes,
        "masked": _listed(report, Treatment.MASKED),
        "left_out": _listed(report, Treatment.LEFT_OUT),
        "limits": LIMITS,
    }
    return json.dumps(data, indent=2) + "\n"


def as_markdown(report: ExportReport) -> str:
    """The report as Markdown."""
    whole = report.left_out
    lines = [
        *("# Research export", "", f"Made by Second Read {report.version}; secret {report.secret_fingerprint}.", ""),
        *("## Profile and options", "", "PS3.15 Annex E:", "", *(f"- {option}" for option in report.options), ""),
        *("## What is here", "", f"- {report.women} women, {report.cases} cases"),
        *(f"- {report.count(treatment)} objects {treatment.value.replace('_', ' ')}" for treatment in Treatment),
        *("", "## Left out whole", "", f"- {whole.women_objected} women who objected to research"),
        f"- {whole.exams_objected} exams of these women",
        f"- {whole.exams_without_patient_id} exams without a patient id: nobody could know whether she objected",
        f"- {whole.exams_in_quarantine} exams in quarantine",
        *_reasons("Masked", report, Treatment.MASKED),
        *_reasons("Objects left out", report, Treatment.LEFT_OUT),
        *_changes(report.changes),
        *("", "## Limits", "", *(f"- {limit}" for limit in LIMITS)),
    ]
    return "\n".join(lines) + "\n"


def _listed(report: ExportReport, treatment: Treatment) -> list[dict[str, str]]:
    return [
        {"woman": woman, "sop_instance_uid": treated.sop_instance_uid, "reason": treated.reason}
        for woman, treated in report.with_reason(treatment)
    ]


def _reasons(title: str, report: ExportReport, treatment: Treatment) -> list[str]:
    """Reasons with counts; the JSON report lists each object."""
    counts = Counter(treated.reason for _woman, treated in report.with_reason(treatment))
    listed = [f"- {count}: {reason}" for reason, count in sorted(counts.items())]
    return ["", f"## {title}", "", *(listed or ["- none"])]


def _changes(changes: Mapping[str, Mapping[str, int]]) -> list[str]:
    rows = [
        f"| {what.replace('_', ' ')} | {keyword} | {count} |"
        for what, attributes in changes.items()
        for keyword, count in attributes.items()
    ]
    return ["", "## What was done to which attribute", "", "| done | attribute | times |", "|---|---|---|", *rows]
