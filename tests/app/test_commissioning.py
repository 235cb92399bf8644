"""Commissioning from exams: scored once, resumed where it stopped, judged, signed, and without a word of the woman."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.predictions import ViewPrediction
from models.preprocess import PreparedView
from readers.ai.calibration import Calibrations
from readers.ai.commissioning.evidence import ExamEvidence
from readers.ai.commissioning.verdict import Outcome
from screening.app.commissioning import (
    Signer,
    Written,
    by_stratum,
    commission_all,
    gather,
    keys_folder,
    trust,
    verify,
)
from screening.app.commissioning_candidates import of_model
from screening.app.commissioning_labels import Truth
from screening.app.commissioning_scores import FOLDER, NO_STRATUM, LocalScorer
from screening.app.settings import Settings
from screening.domain.errors import CommissioningUntrusted, NotFound
from screening.domain.quality import ReasonCode
from screening.domain.study import Device, Image, Study
from screening.workflow.assemble import assemble
from screening.workflow.ports import PresentationImage
from tests.readers.ai.commissioning.exams import IDENTITY, evidence, plan
from tests.readers.ai.known_model import INFO, KnownEngine, KnownModel
from tests.readers.ai.studies import Pictures, prior_study
from tests.services import FAMILY, GIVEN, PATIENT_ID, instances

DAY = date(2026, 1, 5)
HEX = replace(IDENTITY, weights_sha256="a" * 64, preprocessing_sha256="b" * 64)


class Stopping(Pictures):
    """Somebody presses Ctrl-C in the middle of the second exam."""

    def load(self, image: Image) -> PresentationImage:
        """A picture, or the end."""
        if len(self.loaded) == 6:
            raise KeyboardInterrupt
        return super().load(image)


class Describing(KnownEngine):
    """The descriptor of a view is how many were seen so far."""

    def answer(self, prepared: PreparedView, **of: Any) -> ViewPrediction:
        """The known answer, described."""
        found = super().answer(prepared, **of)
        return replace(found, descriptor=np.array([float(len(self.seen))]))


def exams(count: int = 3) -> list[Study]:
    """Complete exams of one device."""
    return [study for n in range(count) for study in assemble(instances(f"1.2.840.{n}", f"ACC{n}"))]


def of_device(study: Study, *devices: Device) -> Study:
    """The exam with its images made on these devices, in turn."""
    images = (replace(image, device=devices[n % len(devices)]) for n, image in enumerate(study.images))
    return replace(study, images=tuple(images))


def run(
    out: Path, studies: list[Study], engine: KnownEngine, site: str = "unit-a", pictures: Pictures | None = None
) -> list[ExamEvidence]:
    """Score the exams; the first has a cancer in the left breast."""
    scorer = LocalScorer(of_model(KnownModel(engine, INFO)), pictures or Pictures(), site, "1", out)
    sick, well = {"L": True, "R": False}, {"L": False, "R": False}
    truths = {study.study_instance_uid: Truth(n == 0, well if n else sick) for n, study in enumerate(studies)}
    return gather(scorer, studies, truths, lambda: None)


def commissioned(folder: Path) -> Written:
    """A commissioning that passed, signed with the key of these settings."""
    signer = Signer("medical physicist", DAY, keys_folder(Settings(data_dir=folder)))
    (written,) = commission_all(HEX, evidence(), plan(), None, signer, folder / "out")
    return written


def test_an_exam_is_scored_once_and_a_stopped_run_goes_on(tmp_path: Path) -> None:
    studies, engine = exams(), KnownEngine()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, studies, KnownEngine(), pictures=Stopping())
    run(tmp_path, studies, engine)
    assert len(engine.seen) == 8, "the exam that was complete is not read again"
    again = run(tmp_path, studies, engine)
    assert len(engine.seen) == 8
    assert [exam.raw for exam in again] == [pytest.approx(0.35)] * 3
    run(tmp_path, studies, engine, site="unit-b")
    assert len(engine.seen) == 20, "another site is another run"


def test_what_is_known_of_an_exam(tmp_path: Path) -> None:
    sick, well, _ = run(tmp_path, exams(), KnownEngine())
    assert (sick.cancer, well.cancer) == (True, False)
    assert {breast.laterality: breast.cancer for breast in sick.breasts} == {"L": True, "R": False}
    assert (sick.refusals, sick.unlike, str(sick.stratum)) == ((), False, "Maker|Model|1.0|unit-a")


def test_an_exam_is_scored_with_its_prior_and_described_without_it(tmp_path: Path) -> None:
    """As in use; a local reference is made of the exam's own images."""
    (current,) = exams(1)
    before = replace(prior_study(), header=replace(prior_study().header, participant=current.header.participant))
    model = KnownModel(Describing(), INFO)
    scorer = LocalScorer(of_model(model), Pictures(), "", "1", tmp_path)
    well = Truth(False, {"L": False, "R": False})
    truths = {current.study_instance_uid: well}
    for _ in range(2):
        (found,) = gather(scorer, [before, current], truths, lambda: None)
    assert [len(seen) for _, seen in model.exams] == [4], "with four views of the prior, and once"
    assert found.descriptors.shape == (4, 1)
    assert sorted(found.descriptors[:, 0]) == [1.0, 2.0, 3.0, 4.0]
    (alone,) = gather(scorer, [current], truths, lambda: None)
    assert len(model.exams) == 2, "without the prior it is another read"
    assert alone.descriptors.shape == (4, 1)


def test_a_refused_exam_says_why_and_has_no_score(tmp_path: Path) -> None:
    (unlike, *_) = run(tmp_path, exams(), KnownEngine(ood=1.4))
    assert (unlike.refusals, unlike.unlike, unlike.score) == (("out_of_distribution",), True, None)
    quarantined = [replace(exams(1)[0], quarantine=ReasonCode.TWO_PATIENTS)]
    (held,) = run(tmp_path / "other", quarantined, KnownEngine())
    assert (held.refusals, held.score) == (("two_patients",), None)


def test_every_device_is_commissioned_for_itself(tmp_path: Path) -> None:
    one, other = Device("Maker", "Model", "1.0"), Device("Maker", "Model", "2.0")
    first, second, third = exams()
    studies = [of_device(first, one), of_device(second, other), of_device(third, one, other)]
    found = run(tmp_path, studies, KnownEngine())
    assert [stratum.software for stratum, _ in by_stratum(found)] == ["1.0", "2.0"]
    assert found[2].stratum == NO_STRATUM
    signer = Signer("medical physicist", DAY, tmp_path / "keys")
    written = commission_all(HEX, found, replace(plan(), calibration_id=""), None, signer, tmp_path / "out")
    assert {one.done.verdict.outcome for one in written} == {Outcome.NOT_ENOUGH_EVIDENCE}
    assert len({path for one in written for path in one.files}) == sum(len(one.files) for one in written)


def test_what_is_kept_and_written_names_no_woman(tmp_path: Path) -> None:
    run(tmp_path / "out", exams(), KnownEngine())
    commissioned(tmp_path)
    paths = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(paths) >= 3 + 5
    for path in paths:
        content = path.read_bytes()
        for word in (FAMILY, GIVEN, PATIENT_ID, "ACC0"):
            assert word.encode() not in content
            assert word not in path.name
    assert all(path.name.startswith("exam-") for path in (tmp_path / "out" / FOLDER).iterdir())


def test_the_record_is_verified_by_any_of_its_files_until_one_changes(tmp_path: Path) -> None:
    written, settings = commissioned(tmp_path), Settings(data_dir=tmp_path)
    for path in written.files:
        record = verify(path, settings)
        assert (record.calibration_id, record.signed_by) == ("cal-local", "medical physicist")
    with pytest.raises(NotFound):
        verify(tmp_path / "out" / "nothing.toml", settings)
    report = tmp_path / "out" / "cal-local.report.html"
    report.write_bytes(report.read_bytes().replace(b"pass", b"PASS", 1))
    with pytest.raises(CommissioningUntrusted, match=r"cal-local\.report\.html"):
        verify(written.files[0], settings)


def test_a_key_of_another_installation_is_trusted_when_a_person_puts_it_there(tmp_path: Path) -> None:
    written = commissioned(tmp_path)
    elsewhere = Settings(data_dir=tmp_path / "elsewhere")
    with pytest.raises(CommissioningUntrusted, match="not trusted here"):
        verify(written.files[0], elsewhere)
    keys_folder(elsewhere).mkdir(parents=True)
    public = (keys_folder(Settings(data_dir=tmp_path)) / "commissioning.pub").read_text(encoding="utf-8")
    (keys_folder(elsewhere) / "unit-a.pub").write_text(public, encoding="utf-8")
    assert verify(written.files[0], elsewhere).verdict.outcome is Outcome.PASS
    assert Calibrations.from_folders(tmp_path / "out", trust=trust(elsewhere)).find(
        HEX, evidence(1, 1)[0].stratum, date(2030, 1, 1)
    )


def test_the_report_says_the_same_in_html_and_pdf(tmp_path: Path) -> None:
    pypdf = pytest.importorskip("pypdf", reason="pypdf reads the PDF back")
    done = commissioned(tmp_path).done
    page = (tmp_path / "out" / "cal-local.report.html").read_text(encoding="utf-8")
    pdf = pypdf.PdfReader(BytesIO((tmp_path / "out" / "cal-local.report.pdf").read_bytes()))
    text = " ".join("".join(sheet.extract_text() for sheet in pdf.pages).split())
    for word in ("Commissioning of net@1", "phantom-trained", "medical physicist", "screening-1", "80"):
        assert word in page
        assert word in text
    for check in done.verdict.checks:
        assert check.name in page
        assert check.found in text
    assert page.count("<svg") == 3
    assert "<script" not in page
    assert "http" not in page


def test_scores_of_the_record_can_be_compared_with_later_ones(tmp_path: Path) -> None:
    commissioned(tmp_path)
    content = json.loads((tmp_path / "out" / "cal-local.commissioning.json").read_text(encoding="utf-8"))
    assert (len(content["scores"]["cancer"]), len(content["scores"]["no_cancer"])) == (80, 600)
