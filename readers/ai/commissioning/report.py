"""What a commissioning report says, as sections of tables and text; `report_html` and `report_pdf` set it.

No exam is named in it. The model's label stands at its head, because every score under it is of that model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from readers.ai.calibration import Rate
from readers.ai.commissioning.commission import Commissioned
from readers.ai.commissioning.figures import Figures
from readers.ai.commissioning.limits import Limits
from readers.ai.commissioning.plots import Plot, plots_of
from readers.ai.commissioning.record import Record, known_by
from readers.ai.commissioning.verdict import WORDS, Outcome
from screening.domain.ai_read import AiIdentity

Rows = tuple[tuple[str, ...], ...]

SENTENCES: Mapping[Outcome, str] = {
    Outcome.PASS: "The model stayed within every limit: it may act as a reader on this stratum.",
    Outcome.FAIL: "The model broke a limit: it may not act as a reader on this stratum.",
    Outcome.NOT_ENOUGH_EVIDENCE: "The exams are too few to tell: the model may not act as a reader on this stratum.",
}


@dataclass(frozen=True)
class Section:
    """A heading with a table; the first row is the head where `headed`."""

    title: str
    rows: Rows
    headed: bool = False


@dataclass(frozen=True)
class Report:
    """Title, the sentence of the verdict, warnings, sections and plots."""

    title: str
    verdict: str
    warnings: tuple[str, ...]
    sections: tuple[Section, ...]
    plots: tuple[Plot, ...]


def report_of(identity: AiIdentity, done: Commissioned, record: Record, limits: Limits) -> Report:
    """The report of one stratum."""
    outcome = done.verdict.outcome
    checks = tuple((check.name, check.limit, check.found, WORDS[check.outcome]) for check in done.verdict.checks)
    sections = (
        Section("Verdict", (("judged", "limit", "found", "outcome"), *checks), headed=True),
        Section("Model", _model(identity)),
        Section("Stratum", _stratum(record)),
        Section("Data and figures", _figures(done.figures)),
        Section("Calibration", _calibration(done)),
        Section("Limits", (("set", f"{limits.id}: {limits.title}"), ("SHA-256 of its file", limits.sha256))),
        Section("Signed by", (("role", record.signed_by), ("on", record.on.isoformat()), ("scope", record.scope))),
    )
    plots = plots_of(done.scores, done.figures.reliability)
    title = f"Commissioning of {identity.product}"
    warnings = (identity.label, *(() if identity.hashed else (f"Known by {known_by(identity)}.",)))
    return Report(title, f"{WORDS[outcome]}: {SENTENCES[outcome]}", warnings, sections, plots)


def _model(identity: AiIdentity) -> Rows:
    return (
        ("product", identity.product),
        ("weights SHA-256", identity.weights_sha256),
        ("preprocessing", f"{identity.preprocessing}, SHA-256 {identity.preprocessing_sha256}"),
        ("engine", f"{identity.engine} {identity.precision}, {identity.runtime}"),
    )


def _stratum(record: Record) -> Rows:
    stratum = record.stratum
    site = "any" if stratum.site == "*" else stratum.site
    parts = (("manufacturer", stratum.manufacturer), ("model", stratum.model), ("software", stratum.software))
    return (*parts, ("site", site))


def _figures(figures: Figures) -> Rows:
    auc, drift = figures.auc, figures.drift
    rows = [
        ("exams", str(figures.exams)),
        ("exams refused", _share(figures.refused)),
        ("exams unlike the model's training images", str(figures.unlike)),
        ("exams with a cancer, scored", str(figures.cancers)),
        ("area under the ROC curve", f"{auc.auc:.3f} ({auc.low:.3f} to {auc.high:.3f}, DeLong)" if auc else "none"),
        ("sensitivity at the operating point", _share(figures.sensitivity)),
        ("specificity at the operating point", _share(figures.specificity)),
    ]
    if drift:
        rows.append(("distance to the model's reference", f"KS {drift.ks:.3f}, PSI {drift.psi:.3f}"))
    return tuple(rows)


def _calibration(done: Commissioned) -> Rows:
    made = done.calibration
    if made is None:
        return (("calibration", "none: the exams do not allow one to be fitted"),)
    method, reliable = done.method["left_out_log_loss"], done.figures.reliability
    losses = method.items() if isinstance(method, Mapping) else ()
    rows = [
        ("id", made.id),
        *([("fitted on", f"{reliable.unit}s")] if reliable else []),
        ("holds for exams from", made.valid_from.isoformat()),
        ("form, by left-out log loss", f"{made.mapping.method} ({', '.join(f'{n} {v:.4f}' for n, v in losses)})"),
        (
            "prevalence of cancer per breast",
            f"{made.prevalence:g} (of the sample {done.method['prevalence_of_the_sample']})",
        ),
        ("exam score 1-10", f"deciles of: {made.population}"),
        ("flag", f"exam score {made.flag_from} or more"),
    ]
    if made.ood is not None:
        rows.append(("local images as reference", f"{made.ood.views} views of {made.ood.exams} exams"))
    elif "local_reference" in done.method:
        rows.append(("local images as reference", str(done.method["local_reference"])))
    return tuple(rows)


def _share(rate: Rate) -> str:
    if not rate.total:
        return "none"
    return f"{rate.share:.3f} ({rate.hits} of {rate.total}; {rate.low:.3f} to {rate.high:.3f}, exact)"
