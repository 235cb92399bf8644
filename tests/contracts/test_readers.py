"""One contract, every reader: the native one, another product's CAD report, and a service over HTTP.

Each runs behind the same guard as in the service, on good exams, bad exams and exams outside its scope.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from readers.ai.calibration import Calibrations
from readers.ai.explain.saliency import ExplainedRead, SaliencyMap
from readers.ai.plugin import NativeReader
from readers.ai.reader import NeuralReader
from readers.external.cad_sr import cad_sr
from readers.external.remote import http
from readers.plugins.contract import ReaderPlugin
from readers.plugins.scoped import ScopedReader
from screening.domain.ai_read import AiRead, AiStatus, Region
from screening.domain.quality import ReasonCode
from screening.domain.study import Device, Image, ImageKind, Slot, Study, View
from screening.workflow.ports import PixelSource, PresentationImage
from tests.readers.ai.known_model import CALIBRATION, KnownModel
from tests.readers.ai.studies import Pictures
from tests.readers.external.samples import STUDY, Files, calibration_of, context
from tests.readers.external.service import Behaviour, serving

WHOLE = (0.0, 0.0, 512.0, 640.0)
NO_NUMBERS = np.full((4, 4), np.nan, np.float32)
SHAPE = {"rows": 640, "columns": 512, "row_spacing_mm": 0.3, "column_spacing_mm": 0.3}


@dataclass(frozen=True)
class Under:
    """A reader under test, and an exam that it can read."""

    reader: ScopedReader
    study: Study
    files: Files
    calibrations: Calibrations


def small(study: Study) -> Study:
    return replace(study, images=tuple(replace(image, **SHAPE) for image in study.images))  # type: ignore[arg-type]


def native(files: Files) -> Under:
    known = replace(
        calibration_of("net@1", "crop"), weights_sha256="w" * 64, preprocessing_sha256="p" * 64, precision="f32"
    )
    assert known.matches(NeuralReader(KnownModel(), Calibrations([])).identity)
    calibrations = Calibrations([known, CALIBRATION_ELSEWHERE])
    reader = NativeReader(NeuralReader(KnownModel(), calibrations, seconds=lambda: 0.0))
    return Under(ScopedReader("native", reader, calibrations), small(STUDY), files, calibrations)


CALIBRATION_ELSEWHERE = replace(CALIBRATION, id="elsewhere")


def from_report(files: Files) -> Under:
    given = context(files)
    return Under(ScopedReader("cad-sr", cad_sr(given), given.calibrations), files.report(), files, given.calibrations)


@pytest.fixture(params=["native", "cad-sr", "http"])
def under(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Under]:
    files = Files(tmp_path)
    if request.param == "http":
        with serving(Behaviour()) as url:
            given = context(files, url=url)
            yield Under(ScopedReader("http", http(given), given.calibrations), small(STUDY), files, given.calibrations)
    else:
        yield {"native": native, "cad-sr": from_report}[request.param](files)


def read(under: Under, study: Study | None = None, pixels: Pictures | None = None) -> AiRead:
    return under.reader.read(study or under.study, pixels or Pictures(), "unit-a")


def changed(study: Study, change: Callable[[Image], Image]) -> Study:
    return replace(study, images=tuple(map(change, study.images)))


def test_a_good_exam_is_read(under: Under) -> None:
    result = read(under)
    assert result.status is AiStatus.OK
    assert result.exam_score is not None
    assert result.regions


def test_the_same_exam_gives_the_same_read_in_any_order_of_images(under: Under) -> None:
    turned = replace(under.study, images=tuple(reversed(under.study.images)))
    first, again, other = (replace(read(under, s), timing=None) for s in (under.study, under.study, turned))
    assert first == again
    kept = {"excluded": (), "regions": (), "warnings": (), "explanation": ()}
    assert replace(first, **kept) == replace(other, **kept)  # type: ignore[arg-type]
    assert set(map(repr, first.regions)) == set(map(repr, other.regions))


def test_only_a_reader_that_measures_speaks_of_image_quality(under: Under) -> None:
    """None is no finding: another product's read must not count as one of images without fault."""
    assert (read(under).quality is not None) == (under.reader.name == "native")


def test_its_identity_and_fingerprint_do_not_change(under: Under) -> None:
    before = (under.reader.identity, under.reader.fingerprint)
    read(under)
    read(under, replace(under.study, images=()))
    assert (under.reader.identity, under.reader.fingerprint) == before
    assert before[0].product


def test_every_image_is_listed_and_every_mark_lies_inside_its_image(under: Under) -> None:
    result = read(under)
    filled = {fill.sop_instance_uid for fill in result.slots}
    listed = filled | {item.sop_instance_uid for item in result.excluded}
    assert {image.sop_instance_uid for image in under.study.images} <= listed
    assert {item.sop_instance_uid for item in under.study.others} <= listed
    for mark in result.regions:
        image = under.study.image(mark.location.sop_instance_uid)
        assert 0 <= mark.location.x0 < mark.location.x1 <= image.columns
        assert 0 <= mark.location.y0 < mark.location.y1 <= image.rows


OUTSIDE: dict[str, tuple[Callable[[Study], Study], ReasonCode]] = {
    "kind": (
        lambda study: changed(study, lambda i: replace(i, kind=ImageKind.FILM)),
        ReasonCode.MODALITY_OUT_OF_SCOPE,
    ),
    "view": (lambda study: changed(study, lambda i: replace(i, view=View.XCCL)), ReasonCode.VIEWS_OUT_OF_SCOPE),
    "nothing": (lambda study: replace(study, images=()), ReasonCode.MODALITY_OUT_OF_SCOPE),
}


@pytest.mark.parametrize("what", OUTSIDE)
def test_an_exam_outside_its_scope_is_refused_before_any_pixel_is_decoded(under: Under, what: str) -> None:
    change, reason = OUTSIDE[what]
    study, pixels = change(under.study), Pictures()
    result = read(under, study, pixels)
    assert (result.status, result.reasons) == (AiStatus.UNSUPPORTED, (reason,))
    assert pixels.loaded == []
    assert {item.sop_instance_uid for item in result.excluded} >= {i.sop_instance_uid for i in study.images}


@pytest.mark.parametrize(
    ("scope", "reason"),
    [
        ({"manufacturers": frozenset({"Nobody"})}, ReasonCode.VENDOR_OUT_OF_SCOPE),
        ({"ages": (65, 80)}, ReasonCode.AGE_OUT_OF_SCOPE),
        ({"ages": (40, 63)}, ReasonCode.AGE_OUT_OF_SCOPE),
    ],
)
def test_makers_and_ages_it_does_not_declare_are_refused(
    under: Under, scope: dict[str, object], reason: ReasonCode
) -> None:
    under.reader.scope = replace(under.reader.scope, **scope)  # type: ignore[arg-type]
    pixels = Pictures()
    assert read(under, pixels=pixels).reasons == (reason,)
    assert pixels.loaded == []


def test_an_unknown_age_is_refused_where_ages_are_declared(under: Under) -> None:
    under.reader.scope = replace(under.reader.scope, ages=(40, 80), manufacturers=frozenset({"VENDOR"}))
    assert read(under).status is AiStatus.OK
    unknown = replace(under.study, header=replace(under.study.header, age_years=None))
    assert read(under, unknown).reasons == (ReasonCode.AGE_OUT_OF_SCOPE,)


def two_devices(study: Study) -> Study:
    other = Device("Vendor", "Model", "9")
    return changed(study, lambda i: replace(i, device=other) if i.slot is Slot.RCC else i)


BAD: dict[str, Callable[[Study], Study]] = {
    "half": lambda study: replace(study, images=study.images[:2]),
    "two devices": two_devices,
    "unknown device": lambda study: changed(study, lambda i: replace(i, device=Device("", "", ""))),
    "broken header": lambda study: changed(study, lambda i: replace(i, exclusion=ReasonCode.PIXELS_SHORT)),
    "no spacing": lambda study: changed(study, lambda i: replace(i, row_spacing_mm=None, column_spacing_mm=None)),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_exam_gets_an_answer_without_an_exam_score(under: Under, what: str) -> None:
    """No spacing and a broken header hinder who decodes; a product that read the images already may still answer."""
    study = BAD[what](under.study)
    result = read(under, study)
    assert (result.exam_score is not None) == (result.status is AiStatus.OK)
    if result.status is not AiStatus.OK:
        assert result.reasons
        assert (result.flagged, result.probability, result.calibration_id) == (False, None, None)
    else:
        assert what in ("no spacing", "broken header")
        assert under.reader.name != "native"


@pytest.mark.parametrize("error", [RuntimeError("x"), ValueError("x"), KeyError("x"), MemoryError()])
def test_code_that_fails_is_a_failed_read(under: Under, error: Exception) -> None:
    class Failing(Pictures):
        def load(self, image: Image) -> PresentationImage:
            raise error

    result = under.reader.read(under.study, Failing(), "unit-a")
    assert result.status in ((AiStatus.FAILED,) if under.reader.name == "native" else (AiStatus.OK,))


class Lying:
    """A plug-in whose answers contradict the exam."""

    def __init__(self, reader: ReaderPlugin, lie: Callable[[AiRead], AiRead]) -> None:
        self.scope, self.identity, self.fingerprint = reader.scope, reader.identity, reader.fingerprint
        self._reader, self._lie = reader, lie

    def read(self, study: Study, pixels: PixelSource, site: str, prior: Study | None = None) -> AiRead:
        return self._lie(self._reader.read(study, pixels, site, prior))


def moved(region: Region, **by: float) -> Region:
    return replace(region, location=replace(region.location, **by))  # type: ignore[arg-type]


LIES: dict[str, Callable[[AiRead], AiRead]] = {
    "outside": lambda read: replace(read, regions=(moved(read.regions[0], x1=5000.0),)),
    "nowhere": lambda read: replace(read, regions=(moved(read.regions[0], x0=float("nan")),)),
    "no image": lambda read: replace(read, regions=(moved(read.regions[0], sop_instance_uid="9.9"),)),  # type: ignore[arg-type]
    "no frame": lambda read: replace(read, regions=(moved(read.regions[0], frame=2),)),
    "unlisted": lambda read: replace(read, slots=read.slots[1:]),
    "score": lambda read: replace(read, raw_score=7.0),
    "exam": lambda read: replace(read, study_instance_uid="1.2"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("lie", LIES)
def test_an_answer_that_contradicts_the_exam_does_not_reach_a_radiologist(under: Under, lie: str) -> None:
    liar = ScopedReader("liar", Lying(under.reader, LIES[lie]), under.calibrations)
    result = liar.read(under.study, Pictures(), "unit-a")
    assert (result.status, result.reasons) == (AiStatus.FAILED, (ReasonCode.ANSWER_INVALID,))
    assert (result.regions, result.raw_score) == ((), None)


CLAIMS: dict[str, Callable[[AiRead], AiRead]] = {
    "no such calibration": lambda read: replace(read, calibration_id="mine"),
    "another product": lambda read: replace(read, identity=replace(read.identity, version="99")),  # type: ignore[type-var]
    "another score": lambda read: replace(read, exam_score=10 if read.exam_score != 10 else 1),
    "another flag": lambda read: replace(read, flagged=not read.flagged),
    "no raw score": lambda read: replace(read, raw_score=None),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_score_that_no_commissioned_calibration_gives_is_no_read(under: Under, claim: str) -> None:
    liar = ScopedReader("liar", Lying(under.reader, CLAIMS[claim]), under.calibrations)
    result = liar.read(under.study, Pictures(), "unit-a")
    assert (result.status, result.reasons) == (AiStatus.UNCALIBRATED, (ReasonCode.NOT_COMMISSIONED,))
    assert (result.exam_score, result.flagged, result.regions) == (None, False, ())


def test_without_its_calibration_in_force_no_reader_reads(under: Under) -> None:
    honest = ScopedReader("honest", Lying(under.reader, lambda read: read), Calibrations([]))
    assert honest.read(under.study, Pictures(), "unit-a").status is AiStatus.UNCALIBRATED


def test_its_explanation_is_of_the_same_read(under: Under) -> None:
    explained = under.reader.explained(under.study, Pictures(), "unit-a")
    assert replace(explained.read, timing=None) == replace(read(under), timing=None)
    used = {fill.sop_instance_uid for fill in explained.read.slots}
    assert set(explained.saliency) == (used if under.reader.name == "native" else set())


@pytest.mark.parametrize(
    "cells", ["no map", None, SaliencyMap(np.zeros((2000, 2000), np.float32), WHOLE), SaliencyMap(NO_NUMBERS, WHOLE)]
)
def test_saliency_of_foreign_code_is_a_small_map_or_nothing(under: Under, cells: object) -> None:
    class Painting(Lying):
        def explained(self, study: Study, pixels: PixelSource, site: str, prior: Study | None) -> ExplainedRead:
            maps: Any = {image.sop_instance_uid: cells for image in study.images}
            return ExplainedRead(self.read(study, pixels, site, prior), maps)

    painting = ScopedReader("painting", Painting(under.reader, lambda read: read), under.calibrations)
    found = painting.explained(under.study, Pictures(), "unit-a")
    assert (found.read.status, dict(found.saliency)) == (AiStatus.OK, {})


@pytest.mark.parametrize("answer", [RuntimeError("x"), ValueError("x"), "no read"])
def test_an_explanation_that_fails_is_a_failed_read(under: Under, answer: object) -> None:
    class Painting(Lying):
        def explained(self, *_given: object) -> object:
            if isinstance(answer, Exception):
                raise answer
            return answer

    painting = ScopedReader("painting", Painting(under.reader, lambda read: read), under.calibrations)
    found = painting.explained(under.study, Pictures(), "unit-a")
    assert (found.read.status, found.read.reasons) == (AiStatus.FAILED, (ReasonCode.MODEL_FAILED,))
