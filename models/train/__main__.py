"""`python -m models.train`: the whole run from seeds to shipped files.

Writes weights, exported graphs, card, reference scores and the card's page into the project (or where it is told);
keeps data and checkpoints in `--work`, from which a killed run goes on.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from models import cards, datasets
from models.cards import FOLDER
from models.datasets.frame import label_from_birads
from models.datasets.images import load, png_reader
from models.datasets.split import assign
from models.evaluate import judge
from models.predict import assemble
from models.train import heldout, publish
from models.train.chain import train
from models.train.finetune import divided, finetune, plan_from
from models.train.folds import cross_validate
from models.train.local_scores import scored
from models.train.plan import PLANS, smoke
from models.train.progress import Progress
from models.weights import STORE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.datasets.frame import ImageRow
    from models.evaluate import TestReport
    from models.train.local_images import Load
    from models.train.plan import TrainPlan

PAGES = Path(__file__).parents[2] / "docs" / "model-cards"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run training; return the process's exit code."""
    options = _options(arguments)
    plan = PLANS[options.family]
    plan = smoke(plan) if options.smoke else plan
    plan = replace(plan, minutes=options.minutes)
    if options.workers:
        plan = replace(plan, workers=options.workers, threads=options.workers)
    work = options.work / options.family
    work.mkdir(parents=True, exist_ok=True)
    if options.finetune:
        return _finetune(plan, options, work)
    if options.folds:
        cross_validate(plan, options.folds, work, Progress(work / "folds.csv"))
        return 0
    name = options.name or f"phantom-{options.family}"
    run(plan, name, work, (options.cards, options.store, options.pages), Progress(work / "log.csv"))
    return 0


def run(
    plan: TrainPlan, name: str, work: Path, folders: tuple[Path, Path, Path], progress: Progress
) -> tuple[publish.Published, TestReport]:
    """Train, publish and judge one model; `folders` are those of cards, weights and pages."""
    folder, store, pages = folders
    trained = train(plan, work, progress)
    published = publish.write_model(plan, name, trained, store)
    progress.say(f"published {published.weights_file} {published.weights_sha256[:12]}")
    publish.write_card(folder / f"{name}.toml", published, plan, trained.ran, progress.statistic())
    exams, *others = (
        heldout.score_exams(plan, group, name, (folder, store), work, progress) for group in heldout.groups(plan)
    )
    report = judge("phantom women never seen, unseen vendor style", exams)
    publish.write_card(folder / f"{name}.toml", published, plan, trained.ran, progress.statistic(), report)
    calibrating = [exam for group in others for exam in group]
    publish.write_reference(folder / f"{name}.reference.json", published, exams, calibrating)
    publish.write_page(pages / f"{name}.md", published, plan, trained.ran, report)
    if report.exam is not None:
        progress.say(f"held out: exam AUC {report.exam.auc:.3f} ({report.exam.low:.3f} to {report.exam.high:.3f})")
    return published, report


def _finetune(plan: TrainPlan, options: argparse.Namespace, work: Path) -> int:
    """Fine-tune on a data set's folder of PNG images and publish under the name given."""
    plan = plan_from(plan, options.start)
    frame = datasets.read(options.layout, options.finetune)
    frame = label_from_birads(frame, options.birads_as_label) if options.birads_as_label else frame
    frame = assign(frame, plan.seed)
    reader = png_reader(options.pixel_mm)
    name = options.name or f"{options.start}-{options.layout}"
    story = publish.finetuned(options.start, options.layout, len(frame.usable), options.birads_as_label)
    folders = options.cards, options.store, options.pages
    run_finetune(plan, name, (options.start, story), frame.usable, lambda row: load(row, reader), work, folders)
    return 0


def run_finetune(
    plan: TrainPlan,
    name: str,
    told: tuple[str, publish.Story],
    rows: Sequence[ImageRow],
    load: Load,
    work: Path,
    folders: tuple[Path, Path, Path],
) -> TestReport:
    """Fine-tune, publish, and judge the published files on the held-back women.

    `told` are the model to start from and the words of the card; `folders` are those of cards, weights and pages.
    """
    (start, story), (cards_folder, store, pages), progress = told, folders, Progress(work / "finetune.csv")
    trained = finetune(plan, start, rows, load, work, progress)
    published = publish.write_model(plan, name, trained, store)
    card = cards_folder / f"{name}.toml"
    publish.write_card(card, published, plan, trained.ran, progress.statistic(), story=story)
    model, sides = assemble(cards.read(name, cards_folder), store, threads=plan.threads), divided(rows, plan.seed)
    exams, others = (scored(model, part, load) for part in (sides.test, sides.validation))
    report = judge(f"fine-tuned from {start}, held-back women", exams)
    publish.write_card(card, published, plan, trained.ran, progress.statistic(), report, story)
    publish.write_reference(cards_folder / f"{name}.reference.json", published, exams, others, publish.LOCAL)
    publish.write_page(pages / f"{name}.md", published, plan, trained.ran, report, story)
    return report


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m models.train", description=__doc__)
    parser.add_argument("--family", choices=sorted(PLANS), default="ffdm", help="images or tomosynthesis volumes")
    parser.add_argument("--name", default="", help="name of the card and weights to write")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "secondread-train")
    parser.add_argument("--cards", type=Path, default=FOLDER, help="folder for card and reference scores")
    parser.add_argument("--store", type=Path, default=STORE, help="folder for weights and exported graphs")
    parser.add_argument("--pages", type=Path, default=PAGES, help="folder for the card's page")
    parser.add_argument("--minutes", type=float, default=0.0, help="limit of all training stages, 0 for none")
    parser.add_argument("--workers", type=int, default=0, help="processes and threads to use")
    parser.add_argument("--folds", type=int, default=0, help="cross-validate with so many folds; publishes nothing")
    parser.add_argument("--finetune", type=Path, metavar="DIR", help="fine-tune on the PNG images of a data set here")
    parser.add_argument("--layout", choices=datasets.LAYOUTS, default="rsna", help="layout of that data set")
    parser.add_argument("--pixel-mm", type=float, default=0.1, help="pixel spacing of its images")
    parser.add_argument(
        "--birads-as-label", type=int, choices=(4, 5), help="from which category on an unknown outcome counts as cancer"
    )
    parser.add_argument("--start", default="phantom-ffdm", help="published model to go on from")
    parser.add_argument("--smoke", action="store_true", help="run the whole chain on a handful of phantoms")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
