"""Another product, commissioned on local exams by what it states of itself, reads from then on, and no other does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from readers.ai.commissioning import limits
from readers.ai.commissioning.commission import Plan
from readers.ai.commissioning.limits import Band
from readers.ai.commissioning.verdict import Outcome
from readers.external.cad_sr import cad_sr
from screening.app.commissioning import Signer, Written, commission_all, gather, keys_folder
from screening.app.commissioning_candidates import Candidate, candidate
from screening.app.commissioning_labels import Truth
from screening.app.commissioning_scores import LocalScorer
from screening.app.readers import NoFiles, ai_reader
from screening.app.settings import Settings
from screening.domain.ai_read import NOT_STATED, AiRead, AiStatus
from screening.domain.errors import InvalidInput, ModelNotFound, ModelUnusable
from screening.domain.identifiers import FileDigest, StudyInstanceUid
from screening.domain.study import Study
from screening.workflow.assemble import assemble
from tests.dicom_out.samples import NEGATIVE_READ, OK_READ
from tests.readers.ai.studies import Pictures
from tests.readers.external.samples import STUDY, Files, context
from tests.readers.external.service import Behaviour, serving
from tests.services import instances

DAY = date(2026, 1, 5)
EXAMS, CANCERS = 48, 12
SMALL = replace(
    limits.shipped("screening-1"),
    exams=40,
    cancers=10,
    bands={"auc_low": Band(0.8, None), "sensitivity_low": Band(0.5, None), "specificity_low": Band(0.7, None)},
)
"""The same judgement on fewer exams."""

PLAN = Plan(SMALL, date(2025, 1, 1), "made-up exams", "cal-other")


@dataclass
class Seeing(Behaviour):
    """A service that scores the first exams high; the last number of the UID says which exam it is."""

    def reply_document(self, request: dict[str, Any]) -> dict[str, Any]:
        """A good answer without marks."""
        number = int(request["studyInstanceUid"].rpartition(".")[2])
        score = 0.9 - number / 1000 if number < CANCERS else number / 1000
        told = {"score": score, "breasts": [{"laterality": "L", "score": score}, {"laterality": "R", "score": 0.01}]}
        return super().reply_document(request) | told | {"findings": []}


def settings(folder: Path, url: str = "", calibrations: Path | None = None, **others: Any) -> Settings:
    """A unit that has the HTTP reader."""
    return Settings(
        data_dir=folder,
        readers="http,cad-sr",
        remote_reader_url=url,
        remote_reader_timeout_s=5,
        remote_reader_send="ids",
        calibrations_dir=calibrations,
        **others,
    )


def exams(count: int = EXAMS) -> list[Study]:
    """Complete exams of one device."""
    return [study for n in range(count) for study in assemble(instances(f"1.2.840.{n}", f"ACC{n}"))]


def truths(studies: list[Study]) -> dict[StudyInstanceUid, Truth]:
    """The first exams had a cancer in the left breast."""
    return {
        study.study_instance_uid: Truth(n < CANCERS, {"L": n < CANCERS, "R": False}) for n, study in enumerate(studies)
    }


def commissioned(given: Candidate, studies: list[Study], folder: Path, plan: Plan = PLAN) -> Written:
    """What these exams come to for this reader."""
    scorer = LocalScorer(given, Pictures(), "", "1", folder / "out")
    found = gather(scorer, studies, truths(studies), lambda: None)
    signer = Signer("medical physicist", DAY, keys_folder(Settings(data_dir=folder)))
    (written,) = commission_all(scorer.identity, found, plan, given.reference, signer, folder / "out")
    return written


@contextmanager
def asked(folder: Path, behaviour: Behaviour, **given: Any) -> Iterator[Settings]:
    """The settings of a unit whose service is up."""
    with serving(behaviour) as url:
        yield settings(folder, url, **given)


def read(unit: Settings, study: Study) -> AiRead:
    """The read of an exam as the service makes it."""
    return ai_reader(unit, name="http").read(study, Pictures(), "unit-a")


def test_a_service_reads_once_it_is_commissioned_and_another_version_of_it_does_not(tmp_path: Path) -> None:
    studies, out = exams(), tmp_path / "out"
    with asked(tmp_path, Seeing()) as unit:
        assert read(unit, studies[0]).status is AiStatus.UNCALIBRATED
        written = commissioned(candidate(unit, NoFiles(), reader="http"), studies, tmp_path)
        assert written.done.verdict.outcome is Outcome.PASS
        assert written.done.calibration is not None
        sick, well = (read(unit.model_copy(update={"calibrations_dir": out}), studies[n]) for n in (0, EXAMS - 30))
    assert (sick.status, sick.exam_score, sick.flagged) == (AiStatus.OK, 10, True)
    assert sick.calibration_id == written.done.calibration_id
    assert well.status is AiStatus.OK
    assert not well.flagged
    with asked(tmp_path, Seeing(info={"modelVersion": "4.3"}), calibrations=out) as unit:
        assert read(unit, studies[0]).status is AiStatus.UNCALIBRATED


def test_the_record_and_the_report_say_what_the_product_is_known_by(tmp_path: Path) -> None:
    with asked(tmp_path, Seeing()) as unit:
        written = commissioned(candidate(unit, NoFiles(), reader="http"), exams(), tmp_path)
    name = written.done.calibration_id
    model = json.loads((tmp_path / "out" / f"{name}.commissioning.json").read_text(encoding="utf-8"))["model"]
    assert (model["product"], model["weights_sha256"]) == ("Other Product@4.2", NOT_STATED)
    assert "product and version alone" in model["known_by"]
    report = (tmp_path / "out" / f"{name}.report.html").read_text(encoding="utf-8")
    assert "product and version alone" in report
    assert "read over HTTP" in report


def test_the_cad_reports_of_a_product_are_commissioned_by_manufacturer_product_and_version(tmp_path: Path) -> None:
    """A product that marks nothing in most exams gives them all the same score: its marks alone are flagged."""
    files = Files(tmp_path)
    studies = [reported(files, n, OK_READ if n < CANCERS else NEGATIVE_READ) for n in range(EXAMS)]
    reader = cad_sr(context(files, calibrated=False))
    written = commissioned(Candidate(reader, reader.fingerprint), studies, tmp_path)
    assert written.done.verdict.outcome is Outcome.PASS
    assert written.done.calibration is not None
    assert written.done.calibration.product == "Second Read/phantom-mg@0.3.0"
    assert written.done.calibration.preprocessing == "cad-sr-tid4000"
    unit = settings(tmp_path, calibrations=tmp_path / "out")
    sick, well = (ai_reader(unit, files, "cad-sr").read(studies[n], Pictures(), "") for n in (0, EXAMS - 1))
    assert (sick.status, sick.flagged) == (AiStatus.OK, True)
    assert (well.status, well.flagged, well.exam_score) == (AiStatus.OK, False, 1)


def test_a_product_that_states_no_version_is_refused(tmp_path: Path) -> None:
    files = Files(tmp_path)
    nameless = replace(OK_READ, identity=replace(OK_READ.identity, version=""))  # type: ignore[type-var]
    reader = cad_sr(context(files, calibrated=False))
    with pytest.raises(ModelUnusable, match="states no version"):
        commissioned(Candidate(reader, reader.fingerprint), [reported(files, 0, nameless)], tmp_path)


def test_reports_of_two_versions_are_not_commissioned_as_one(tmp_path: Path) -> None:
    files = Files(tmp_path)
    later = replace(OK_READ, identity=replace(OK_READ.identity, version="9"))  # type: ignore[type-var]
    studies = [reported(files, n, read) for n, read in enumerate((OK_READ, later))]
    reader = cad_sr(context(files, calibrated=False))
    with pytest.raises(InvalidInput, match=r"several products or versions.*@0\.3\.0, .*@9"):
        commissioned(Candidate(reader, reader.fingerprint), studies, tmp_path)


def test_exams_without_any_report_commission_nothing(tmp_path: Path) -> None:
    reader = cad_sr(context(Files(tmp_path), calibrated=False))
    with pytest.raises(InvalidInput, match="nothing to commission"):
        commissioned(Candidate(reader, reader.fingerprint), exams(2), tmp_path)


def test_an_exam_on_which_the_service_failed_is_asked_for_again(tmp_path: Path) -> None:
    behaviour = Seeing("error")
    with asked(tmp_path, behaviour) as unit:
        given, studies = candidate(unit, NoFiles(), reader="http"), exams(2)
        scorer = LocalScorer(given, Pictures(), "", "1", tmp_path / "out")
        (failed, _) = gather(scorer, studies, truths(studies), lambda: None)
        behaviour.how = "well"
        (found, _) = gather(scorer, studies, truths(studies), lambda: None)
        gather(scorer, studies, truths(studies), lambda: None)
    assert (failed.score, failed.refusals) == (None, ("model_failed",))
    assert found.score == pytest.approx(0.9)
    assert len(behaviour.requests) == 4, "what it has answered is kept"


@pytest.mark.parametrize(
    ("names", "error"),
    [
        (("", ""), InvalidInput),
        (("phantom-ffdm", "http"), InvalidInput),
        (("", "native"), InvalidInput),
        (("", "unknown"), ModelNotFound),
    ],
)
def test_exactly_one_model_or_one_active_reader_is_named(
    tmp_path: Path, names: tuple[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        candidate(settings(tmp_path), NoFiles(), *names)


def reported(files: Files, number: int, told: AiRead) -> Study:
    """An exam with the CAD report that another product stored in it."""
    uid = StudyInstanceUid(f"1.2.840.7.{number}")
    images = tuple(replace(image, study_instance_uid=uid) for image in STUDY.images)
    study = replace(STUDY, header=replace(STUDY.header, study_instance_uid=uid), images=images)
    return files.report(replace(told, study_instance_uid=uid), FileDigest(f"{number:064x}"[::-1]), study)
