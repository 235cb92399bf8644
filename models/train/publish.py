"""Writes what a trained model is shipped as: weights, exported graphs, card, held-out scores and a page for people."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from models.architectures import build
from models.evaluate.render import markdown, toml_lines, toml_value
from models.export import export_graphs
from models.preprocess import SETTINGS, identity
from models.train.plan import FUSION_SEEDS, HELD_OUT_SEEDS, TRAIN_SEEDS, VALIDATION_SEEDS
from models.train.store import fingerprint
from models.weights import load_into, save

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from models.evaluate import ExamCase, TestReport
    from models.train.chain import Trained
    from models.train.plan import TrainPlan

LABEL = "phantom-trained, not for clinical use"
VERSION = "2.0.0"
_READS = {"ffdm": "Images, full-field digital", "dbt": "Tomosynthesis volumes"}
_LIMITS = (
    "Phantom-trained, not for clinical use. Has never seen a woman's mammogram. Phantom figures say nothing about "
    "performance on people. Scores are uncalibrated. No implants, special views or men."
)


@dataclass(frozen=True, slots=True)
class Story:
    """What a card says of a model in words: its label, its limits, and what it was trained on."""

    phantom_trained: bool
    label: str
    limits: str
    data: str


def phantom_story(plan: TrainPlan) -> Story:
    """Return the words for a model that has seen phantoms only."""
    return Story(True, LABEL, _LIMITS, _data(plan))


def finetuned(start: str, layout: str, images: int, birads: int | None = None) -> Story:
    """Return the words for a model that went on from a published one on somebody's data.

    `birads` is the category from which on an assessment stood for the outcome, None where only known outcomes taught.
    """
    outcome = "" if birads is None else f" Where the outcome is not known, BI-RADS {birads} and above stood for cancer."
    return Story(
        False,
        "fine-tuned locally, not for clinical use before commissioning",
        "Not for clinical use. Knows one data set. The held-out figures are of women of that set and of no other.",
        f"{images} images of a data set in the layout {layout}, divided by woman, going on from {start}.{outcome}",
    )


@dataclass(frozen=True, slots=True)
class Published:
    """What identifies the files that are judged."""

    name: str
    weights_file: str
    weights_sha256: str
    graphs: dict[str, str] = field(default_factory=dict)


def write_model(plan: TrainPlan, name: str, trained: Trained, store: Path) -> Published:
    """Write the weights and export every graph of them as they were rounded."""
    stem = f"{name}-{plan.architecture}"
    path = store / f"{stem}.safetensors"
    sha256 = save(trained.network, trained.ood, path, trained.fusion)
    network, fusion = build(plan.architecture), build(plan.fusion)
    load_into(network, path, sha256, fusion)
    graphs = export_graphs(network.eval(), store, stem) | export_graphs(fusion.eval(), store, stem)
    return Published(name, path.name, sha256, graphs)


def write_card(
    path: Path,
    published: Published,
    plan: TrainPlan,
    ran: dict[str, float],
    pace: dict[str, dict[str, float]],
    report: TestReport | None = None,
    story: Story | None = None,
) -> None:
    """Write the model card as TOML, with the held-out figures once there are any."""
    words = story or phantom_story(plan)
    lines = _identity(published, plan, words)
    lines += ["", "[training]", f"data = {toml_value(words.data)}", *(_training() if story is None else [])]
    lines += ["", "[training.plan]", *(f"{key} = {toml_value(value)}" for key, value in asdict(plan).items())]
    lines += ["", "[training.ran]", *(f"{key} = {toml_value(value)}" for key, value in ran.items())]
    lines += ["", "[training.pace]", *(f'"{key}" = {toml_value(value)}' for key, value in pace.items())]
    if report is not None:
        lines += ["", *toml_lines(report, "held_out", {"first_woman": HELD_OUT_SEEDS} if story is None else {})]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


PHANTOMS = "held-out phantom exams without a cancer (benign findings included), unseen vendor style"
LOCAL = "held-back exams of the local data set without a cancer"
"""Whose scores the deciles are, in words."""


def write_reference(
    path: Path,
    published: Published,
    exams: Sequence[ExamCase],
    others: Sequence[ExamCase] = (),
    population: str = PHANTOMS,
) -> None:
    """Write the scores of held-out exams and `others`, and the deciles of held-out exams without a cancer.

    Where every held-out exam has a cancer there are no deciles, and nothing is written.
    """
    normal = np.array([exam.score for exam in exams if not exam.malignant])
    if not normal.size:
        return
    rows = [["exam", _device(exam), round(exam.score, 6), exam.malignant] for exam in (*exams, *others)]
    for exam in (*exams, *others):
        vendor = _device(exam)
        rows += [["breast", vendor, round(b.score, 6), b.malignant] for b in exam.breasts]
    content = {
        "model": published.name,
        "weights_sha256": published.weights_sha256,
        "population": population,
        "fusion": "exam network over four views and, where there is one, the prior exam",
        "columns": ["unit", "vendor", "score", "malignant"],
        "exam_deciles": [round(float(q), 6) for q in np.quantile(normal, np.arange(1, 10) / 10)],
        "scores": rows,
    }
    body = json.dumps(content, indent=None, separators=(",", ":")).replace("],[", "],\n[")
    path.write_text(body + "\n", encoding="utf-8")


def _device(exam: ExamCase) -> str:
    """What took the exam's images: a phantom's style, or a data set's machine."""
    return exam.strata.get("vendor", exam.strata.get("machine", ""))


def write_page(
    path: Path,
    published: Published,
    plan: TrainPlan,
    ran: dict[str, float],
    report: TestReport,
    story: Story | None = None,
) -> None:
    """Write the card's page for people."""
    words = story or phantom_story(plan)
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        f"# Model card: {published.name}",
        "",
        f"**{words.label}.** Written by `python -m models.train` from the card `models/cards/{published.name}.toml`.",
        "",
        "| | |",
        "|---|---|",
        f"| reads | {_READS[plan.family]} |",
        f"| version | {VERSION} |",
        f"| architecture | `{plan.architecture}`, exams by `{plan.fusion}` |",
        f"| weights | `{published.weights_file}`, SHA-256 `{published.weights_sha256}` |",
        f"| preprocessing | `{identity()[0]}` |",
        "| licence | Apache-2.0 |",
        f"| seed | {plan.seed} |",
        "",
        "## Limits",
        "",
        words.limits,
        "",
        "## Training data",
        "",
        words.data,
        "",
        "## What was run",
        "",
        "| | |",
        "|---|---|",
        *(f"| {key.replace('_', ' ')} | {value:g} |" for key, value in ran.items()),
        "",
        *markdown(report, "Held-out test"),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _identity(published: Published, plan: TrainPlan, story: Story) -> list[str]:
    """What the file is, what it may be shown, and its hashes."""
    preprocessing, digest = identity()
    channels = 1 if plan.family == "ffdm" else 2
    return [
        f'name = "{published.name}"',
        f'version = "{VERSION}"',
        f'family = "{plan.family}"',
        f'architecture = "{plan.architecture}"',
        f'fusion = "{plan.fusion}"',
        f"phantom_trained = {toml_value(story.phantom_trained)}",
        f"label = {toml_value(story.label)}",
        'licence = "Apache-2.0"',
        'intended_use = "To exercise the whole service with a real network. Research and testing only."',
        f"limits = {toml_value(story.limits)}",
        "",
        "[weights]",
        f'file = "{published.weights_file}"',
        f'sha256 = "{published.weights_sha256}"',
        "",
        "[graphs]",
        *(f'{name} = "{sha256}"' for name, sha256 in published.graphs.items()),
        "",
        "[preprocessing]",
        f'id = "{preprocessing}"',
        f'sha256 = "{digest}"',
        f'input = "float32 ({channels}, {SETTINGS.rows}, {SETTINGS.cols}) at {SETTINGS.pitch_mm} mm, chest wall left"',
        "",
        "[scope]",
        'modalities = ["MG"]',
        'views = ["CC", "MLO"]',
        f'presentation = "For Presentation, {_READS[plan.family].lower()}, no implant, no magnification"',
    ]


def _training() -> list[str]:
    return [
        f'sources_sha256 = "{fingerprint()}"',
        f"first_training_woman = {TRAIN_SEEDS}",
        f"first_validation_woman = {VALIDATION_SEEDS}",
        f"first_exam_woman = {FUSION_SEEDS}",
    ]


def _data(plan: TrainPlan) -> str:
    return (
        "Phantom breasts generated by models.phantom in the styles A and B, every device set a little differently; "
        f"at most {plan.rich_breasts} with several findings, {plan.screening_breasts} drawn like screened women, and "
        f"{plan.fusion_exams} whole exams. No image of a woman."
    )
