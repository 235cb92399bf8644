"""The generated pages, one function each: code in, Markdown out."""

from __future__ import annotations

import inspect

from audits.definitions import shipped_kpis
from fhir_gateway.fhir.outcome import ISSUES
from fhir_gateway.hl7v2.ack import ANSWERS
from screening.app.exit_codes import EXIT_CODES
from screening.app.settings import Settings
from screening.dicom.status import STORE_STATUS
from screening.domain.case import CaseState
from screening.domain.errors import SecondReadError, all_errors
from screening.domain.opinion import BiRads
from screening.domain.policy import Policy
from screening.domain.quality import QUALITY_MEASURES, QUALITY_TEXTS, TEXTS
from screening.domain.transitions import TRANSITIONS
from screening.store.job_retries import RETRY_OR_PARK
from screening.web.errors import PROBLEMS

ELSEWHERE = {
    "SECONDREAD_TORCH_INDEX": "address of the package index that `make setup` takes the CPU build of torch from",
    "SECONDREAD_SHARED": "folder of real inputs for tests; default `../shared` beside the checkout",
    "SECONDREAD_TEST_PG_URL": "PostgreSQL server to test on; without it tests start one of their own",
}
"""Variables of the set-up and the tests; the service reads none of them."""


def settings_page() -> str:
    """Every setting with its variable, default and meaning."""
    rows = [
        f"| `SECONDREAD_{name.upper()}` | `{'' if field.default is None else field.default}` | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    others = [f"| `{name}` | {meaning} |" for name, meaning in ELSEWHERE.items()]
    lines = ["# Settings", "", "| variable | default | meaning |", "|---|---|---|", *rows]
    lines += ["", "## Read by scripts and tests", "", "| variable | meaning |", "|---|---|", *others]
    return "\n".join(lines)


def errors_page() -> str:
    """Every error code and how each border says it."""
    head = "| code | meaning | HTTP | exit | C-STORE | OperationOutcome | HL7 ACK | job |"
    rows = [f"| {' | '.join(_error_cells(error))} |" for error in all_errors()]
    note = "One code per condition; each border translates it by a table."
    return "\n".join(["# Errors", "", note, "", head, "|---" * 8 + "|", *rows])


def _error_cells(error: type[SecondReadError]) -> list[str]:
    issue, answer = ISSUES[error.code], ANSWERS[error.code]
    return [
        f"`{error.code}`",
        (inspect.getdoc(error) or "").splitlines()[0],
        str(int(PROBLEMS[error].status)),
        str(int(EXIT_CODES[error])),
        f"{STORE_STATUS[error].code:04X}H",
        f"{issue.severity} {issue.code}",
        f"{answer.original} / {answer.commit}",
        RETRY_OR_PARK[error].value,
    ]


def reasons_page() -> str:
    """Every reason code."""
    rows = [f"| `{code.value}` | {text} |" for code, text in TEXTS.items()]
    measures = {code: " | ".join(told) for code, told in QUALITY_MEASURES.items()}
    quality = [f"| `{code.value}` | {text} | {measures[code]} |" for code, text in QUALITY_TEXTS.items()]
    return "\n".join(
        [
            "# Reason codes",
            "",
            "Why an object or exam is not used, or used with a warning.",
            "",
            "| code | text |",
            "|---|---|",
            *rows,
            "",
            "## Image quality notes",
            "",
            "Remarks for radiographers with what was measured; none of them refuses an image.",
            "",
            "| code | text | value | unit |",
            "|---|---|---|---|",
            *quality,
        ]
    )


def states_page() -> str:
    """The state diagram, and the table of states and facts it is drawn from."""
    edges: dict[tuple[str, str], list[str]] = {}
    for fact, row in TRANSITIONS.items():
        for state, following in row.items():
            for after in sorted(following - {state}):
                edges.setdefault((state.value, after.value), []).append(fact.__name__)
    diagram = [f"    {a} --> {b}: {', '.join(sorted(facts))}" for (a, b), facts in sorted(edges.items())]
    head = "| fact | " + " | ".join(state.value for state in CaseState) + " |"
    rows = [
        f"| {fact.__name__} | " + " | ".join("yes" if state in row else "" for state in CaseState) + " |"
        for fact, row in TRANSITIONS.items()
    ]
    note = "Which fact may be recorded in which state; everything else is refused with `event_not_allowed`."
    return "\n".join(
        [
            "# States of a case",
            "",
            "```mermaid",
            "stateDiagram-v2",
            "    [*] --> awaiting_images",
            *diagram,
            "```",
            "",
            note,
            "",
            head,
            "|---" * (len(CaseState) + 1) + "|",
            *rows,
        ]
    )


def policies_page() -> str:
    """The shipped policies."""
    from screening.workflow.policies import shipped_policies

    return "\n\n".join(["# Reading policies", *(_policy(policy) for policy in shipped_policies().values())])


def _policy(policy: Policy) -> str:
    ai = policy.ai
    triage = ", ".join(f"score {rule.lowest}-{rule.highest}: {rule.human_reads}" for rule in ai.triage) or "none"
    lines = [
        f"## `{policy.id}` {policy.version}",
        "",
        policy.title,
        "",
        f"- protocol or licence: {policy.reference or 'not needed'}",
        f"- human reads without a usable AI read: {policy.human_reads}; by triage: {triage}",
        f"- AI: {'takes part, needed by ' + ai.needed_by.value if ai.takes_part else 'takes no part'};"
        f" flags from score {ai.flag_from}, which leads to: {ai.flag_action.value}",
        f"- third decision: {policy.arbitrate.value}",
        f"- categories {_numbers(policy.categories)}, of which recall {_numbers(policy.recall_categories)}",
        f"- correction window {policy.finalisation_window}, wait for priors {policy.priors_wait}",
        "",
        "| role | when | may see |",
        "|---|---|---|",
    ]
    rows = [
        f"| {role.value} | {phase.value} | {', '.join(sorted(fields)) or 'nothing'} |"
        for (role, phase), fields in sorted(policy.visibility.items())
    ]
    return "\n".join(lines + rows)


def _numbers(categories: frozenset[BiRads]) -> str:
    return ", ".join(str(category.value) for category in sorted(categories))


def kpis_page() -> str:
    """The KPI definitions."""
    rows = [
        f"| `{kpi.id}` | {kpi.en} | {kpi.nl} | {_words(kpi.numerator)} | {_words(kpi.denominator)} "
        f"| {_words(kpi.exclude)} | {kpi.unit.value} | {kpi.level.text if kpi.level else ''} | {kpi.source} |"
        for kpi in shipped_kpis()
    ]
    note = "Definitions are data in `audits/definitions.toml`; predicates are joined by and."
    head = [
        "| id | English | Dutch | numerator | denominator | left out | unit | reference level | source |",
        "|---" * 9 + "|",
    ]
    return "\n".join(["# Key figures", "", note, "", *head, *rows])


def _words(names: tuple[str, ...]) -> str:
    return " and ".join(names)
