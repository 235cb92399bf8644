"""CAD reports read back: our own in full, other products' forms, and everything that must be refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from screening.dicom.cad_sr import MammographyCadSrWriter
from screening.dicom.cad_sr_reading import DicomCadSrSource, read_report
from screening.dicom.instance_reader import DicomInstanceReader
from screening.dicom.sr_codes import SINGLE_IMAGE_FINDINGS
from screening.domain.ai_read import AiRead, Region
from screening.domain.cad_report import CadCompletion, CadReport, RenderingIntent
from screening.domain.errors import UnusableImage
from screening.domain.identifiers import FileDigest
from screening.domain.opinion import FindingType
from screening.domain.quality import ReasonCode
from screening.domain.study import ImageKind, Slot, StoredObject, Study
from tests.dicom_out import samples
from tests.dicom_out.samples import AT, OBJECTED, OK_READ, PARTIAL_READ, STUDY, STUDY_WITH_EXTRA, region, uid_of

FINDING, IMPRESSION = "111059", "111034"
VOLUMES = Study(STUDY.header, tuple(replace(i, kind=ImageKind.DBT, frames=60) for i in STUDY.images))


def written(read: AiRead = OK_READ, study: Study = STUDY) -> Dataset:
    return MammographyCadSrWriter().dataset(study, read, AT)


def concept(item: Dataset) -> str:
    return str(item.ConceptNameCodeSequence[0].CodeValue) if "ConceptNameCodeSequence" in item else ""


def items_of(item: Dataset, wanted: str) -> list[Dataset]:
    """Every item of a concept, depth first."""
    here = [item] if concept(item) == wanted else []
    return here + [found for child in item.get("ContentSequence", ()) for found in items_of(child, wanted)]


def only(item: Dataset, wanted: str) -> Dataset:
    (found,) = items_of(item, wanted)
    return found


def one_mark(**changes: object) -> Dataset:
    """A report with one mark, the RMLO box 400, 900 to 600, 1150."""
    return written(replace(OK_READ, regions=(region(),), **changes))  # type: ignore[arg-type]


scores = st.floats(0, 1).map(lambda value: round(value, 4))
corners = st.tuples(st.integers(0, 1900), st.integers(0, 2700), st.integers(1, 100), st.integers(1, 100))


@st.composite
def regions(draw: st.DrawFn, framed: bool) -> Region:
    x, y, width, height = draw(corners)
    made = region(draw(st.sampled_from(Slot)), draw(st.sampled_from(FindingType)), (x, y, x + width, y + height))
    frame = draw(st.integers(1, 60)) if framed else None
    return replace(made, location=replace(made.location, frame=frame), raw_score=draw(scores), probability=draw(scores))


@pytest.mark.parametrize("framed", [False, True])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), flagged=st.booleans())
def test_what_we_write_comes_back(framed: bool, data: st.DataObject, flagged: bool) -> None:
    study = VOLUMES if framed else STUDY
    marks = tuple(data.draw(st.lists(regions(framed), max_size=6)))
    report = read_report(written(replace(OK_READ, regions=marks, flagged=flagged), study))
    assert (report.manufacturer, report.algorithm, report.version) == ("Second Read", "phantom-mg", "0.3.0")
    assert report.completion is CadCompletion.SUCCEEDED
    assert report.succeeded.images == {image.sop_instance_uid for image in study.images}
    intent = RenderingIntent.REQUIRED if flagged else RenderingIntent.OPTIONAL
    assert sorted(map(_told, marks), key=repr) == sorted(map(_read, report.findings), key=repr)
    assert {finding.intent for finding in report.findings} <= {intent}


def _told(mark: Region) -> tuple[object, ...]:
    """A mark as the report can tell it: soft-tissue types share one code, scores have four decimals."""
    at = mark.location
    box = (at.x0, at.y0, at.x1, at.y1)
    code = SINGLE_IMAGE_FINDINGS[mark.type]
    return at.sop_instance_uid, at.frame, box, code, round(mark.raw_score, 4), round(mark.probability or 0, 4)


def _read(finding: object) -> tuple[object, ...]:
    f = finding
    assert hasattr(f, "type")
    return f.image, f.frame, f.outline, SINGLE_IMAGE_FINDINGS[f.type], round(f.certainty, 4), round(f.probability, 4)  # type: ignore[attr-defined]


def test_images_that_failed_are_told_from_those_that_succeeded() -> None:
    report = read_report(written(PARTIAL_READ, STUDY_WITH_EXTRA))
    assert report.completion is CadCompletion.PARTIALLY_SUCCEEDED
    assert report.failed.images == {samples.EXTRA.sop_instance_uid}
    assert report.succeeded.images == {uid_of(slot) for slot in Slot}


@pytest.mark.parametrize(
    ("read", "completion"),
    [
        (samples.FAILED, CadCompletion.FAILED),
        (samples.UNCALIBRATED, CadCompletion.FAILED),
        (OBJECTED, CadCompletion.NOT_ATTEMPTED),
    ],
)
def test_a_run_that_is_no_read_says_so(read: AiRead, completion: CadCompletion) -> None:
    report = read_report(written(read))
    assert report.completion is completion
    assert report.findings == ()


def test_codes_of_the_old_scheme_mean_the_same() -> None:
    report = one_mark()
    value = only(report, FINDING).ConceptCodeSequence[0]
    value.CodeValue, value.CodingSchemeDesignator = "F-01775", "SRT"
    assert read_report(report).findings[0].type is FindingType.CALCIFICATION


def test_a_code_of_an_unknown_scheme_is_no_type() -> None:
    report = one_mark()
    only(report, FINDING).ConceptCodeSequence[0].CodingSchemeDesignator = "99VENDOR"
    assert read_report(report).findings[0].type is None


@pytest.mark.parametrize(
    ("graphic", "data", "box"),
    [
        ("CIRCLE", [100, 200, 100, 230], (70, 170, 130, 230)),
        ("ELLIPSE", [100, 200, 180, 200, 140, 180, 140, 220], (100, 180, 180, 220)),
        ("POLYLINE", [10, 20, 40, 5, 30, 60], (10, 5, 40, 60)),
    ],
)
def test_an_outline_of_any_shape_becomes_the_box_around_it(
    graphic: str, data: list[float], box: tuple[float, ...]
) -> None:
    report = one_mark()
    outline = only(report, "111041")
    outline.GraphicType, outline.GraphicData = graphic, data
    assert read_report(report).findings[0].outline == pytest.approx(box)


def test_a_mark_that_must_not_be_shown_says_so_even_inside_a_shown_impression() -> None:
    report = one_mark()
    only(report, FINDING).ContentSequence[0].ConceptCodeSequence[0].CodeValue = "111152"
    assert read_report(report).findings[0].intent is RenderingIntent.NEVER


def test_members_of_a_composite_take_its_type_and_score() -> None:
    report = one_mark()
    impression = only(report, IMPRESSION)
    finding = only(report, FINDING)
    finding.ContentSequence = [item for item in finding.ContentSequence if concept(item) not in ("111012", "111047")]
    composite = Dataset()
    composite.RelationshipType, composite.ValueType = "CONTAINS", "CODE"
    composite.ConceptNameCodeSequence = [_code("111015", "DCM")]
    composite.ConceptCodeSequence = [_code("129789007", "SCT")]
    certainty = Dataset()
    certainty.RelationshipType, certainty.ValueType = "HAS PROPERTIES", "NUM"
    certainty.ConceptNameCodeSequence = [_code("111011", "DCM")]
    measured = Dataset()
    measured.NumericValue = "71"
    measured.MeasurementUnitsCodeSequence = [_code("%", "UCUM")]
    certainty.MeasuredValueSequence = [measured]
    composite.ContentSequence = [certainty, finding]
    impression.ContentSequence = [impression.ContentSequence[0], composite]
    (found,) = read_report(report).findings
    assert (found.type, found.certainty, found.probability) == (FindingType.FOCAL_ASYMMETRY, 0.71, None)


def _code(value: str, scheme: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, value
    return item


def _other_template(report: Dataset) -> None:
    report.ContentTemplateSequence[0].TemplateIdentifier = "4100"


def _other_root(report: Dataset) -> None:
    report.ConceptNameCodeSequence[0].CodeValue = "112000"


def _other_class(report: Dataset) -> None:
    report.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.33"


def _no_content(report: Dataset) -> None:
    del report.ContentSequence


def _no_findings_after_all(report: Dataset) -> None:
    only(report, "111017").ConceptCodeSequence[0].CodeValue = "111241"


def _reference_to_nothing(report: Dataset) -> None:
    for item in items_of(report, "111010") + items_of(report, "111041"):
        item.ContentSequence[0].ReferencedContentItemIdentifier = [1, 2, 99]


def _two_images(report: Dataset) -> None:
    only(report, "111010").ContentSequence[0].ReferencedContentItemIdentifier = [1, 2, 1]


def _no_place(report: Dataset) -> None:
    finding = only(report, FINDING)
    finding.ContentSequence = [i for i in finding.ContentSequence if concept(i) not in ("111010", "111041")]


def _odd_graphic(report: Dataset) -> None:
    only(report, "111041").GraphicData = [1.0, 2.0, 3.0]


def _not_a_percentage(report: Dataset) -> None:
    only(report, "111012").MeasuredValueSequence[0].NumericValue = "162"


def _other_unit(report: Dataset) -> None:
    only(report, "111012").MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue = "1"


def _no_summary_code(report: Dataset) -> None:
    only(report, "111064").ConceptCodeSequence[0].CodeValue = "1"


@pytest.mark.parametrize(
    "harm",
    [
        _other_template,
        _other_root,
        _other_class,
        _no_content,
        _no_findings_after_all,
        _reference_to_nothing,
        _two_images,
        _no_place,
        _odd_graphic,
        _not_a_percentage,
        _other_unit,
        _no_summary_code,
    ],
)
def test_a_report_that_could_mislead_is_refused(harm: object) -> None:
    report = one_mark()
    assert callable(harm)
    harm(report)
    with pytest.raises(UnusableImage) as error:
        read_report(report)
    assert error.value.reason == ReasonCode.CAD_SR_INVALID


class OneFile:
    """A file store with one file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def path(self, digest: FileDigest) -> Path:
        """The file."""
        return self._path


def stored(path: Path) -> StoredObject:
    content = DicomInstanceReader().read(path, FileDigest("0" * 64)).content
    assert isinstance(content, StoredObject)
    return content


def from_file(path: Path) -> CadReport:
    return DicomCadSrSource(OneFile(path)).read(stored(path))


def test_a_stored_report_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "cad.dcm"
    MammographyCadSrWriter().write(STUDY, OK_READ, AT, path)
    assert len(from_file(path).findings) == 2


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_are_refused_or_read_but_never_crash(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "cad.dcm"
    MammographyCadSrWriter().write(STUDY, OK_READ, AT, path)
    known = stored(path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content[: data.draw(st.integers(200, len(content)))]))
    try:
        report = DicomCadSrSource(OneFile(path)).read(known)
    except UnusableImage as error:
        assert error.reason == ReasonCode.CAD_SR_INVALID  # noqa: PT017
    else:
        assert len(report.findings) <= 2


def test_a_tree_without_end_is_refused(tmp_path: Path) -> None:
    report = written()
    here = only(report, IMPRESSION) if len(items_of(report, IMPRESSION)) == 1 else items_of(report, IMPRESSION)[0]
    for _ in range(60):
        deeper = Dataset()
        deeper.RelationshipType, deeper.ValueType = "CONTAINS", "CONTAINER"
        here.ContentSequence = [deeper]
        here = deeper
    with pytest.raises(UnusableImage):
        read_report(report)


@pytest.mark.real_data
def test_a_dose_report_is_no_cad_report(shared_data: Path) -> None:
    for path in sorted((shared_data / "dicom-samples").glob("MG-RDSR-*.dcm")):
        with pytest.raises(UnusableImage):
            read_report(pydicom.dcmread(path))
