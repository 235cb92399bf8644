"""Whole objects, real and made up: nothing of the woman is in their bytes, and they are as valid as they were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from screening.dicom.bto_object import write_bto
from screening.dicom.deidentify.deidentifier import SECONDARY_CAPTURE, DicomDeidentifier
from screening.dicom.deidentify.pixel_checks import DECLARED, DECLARED_NOT_FOUND, FOUND, NO_AIR, NOT_CHECKED
from screening.dicom.header import open_file
from screening.dicom.pixels import read_frame
from screening.domain.results import ResultKind
from screening.domain.study import Slot
from screening.workflow.research_export import Treatment
from tests.dicom import builders
from tests.dicom.deidentify.cases import PSEUDONYMS, SHIFT, SUBJECT, found_in, identifying, opened, treat
from tests.dicom_out.exams import Exam, items, mammograms, mark, volumes
from tests.dicom_out.test_bto_object import volume
from tests.dicom_out.tools import iod_errors

EXAMS = ("nyu-1/LCC", "nyu-2/RCC", "nyu-density/LMLO", "nyu-density/RCC")
DOSE_REPORTS = ("GEPristina-2D", "GEPristina-DBT", "Giotto-DBT", "Hologic_2D", "Hologic_mix")


def all_of(exam: Exam, folder: Path, *kinds: ResultKind) -> list[Path]:
    """Every file of an exam, with result objects of these kinds."""
    return [*exam.files.paths.values(), *(written.path for written in exam.write(folder, *kinds))]


def treated(paths: Iterable[Path], folder: Path) -> list[Path]:
    """The files without identity."""
    folder.mkdir(exist_ok=True)
    targets = [(path, folder / f"{number}.dcm") for number, path in enumerate(paths)]
    assert all(treat(path, target).treatment is not Treatment.LEFT_OUT for path, target in targets)
    return [target for _path, target in targets]


def values(paths: Iterable[Path]) -> dict[str, list[str]]:
    """Values of the shapes and words of presentation states, in order."""
    every = [element for path in paths for element in opened(path).iterall()]
    wanted = ("GraphicData", "UnformattedTextValue")
    return {keyword: [str(e.value) for e in every if e.keyword == keyword] for keyword in wanted}


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMS)
def test_a_real_mammogram_keeps_its_breast_and_nothing_of_the_woman(
    shared_data: Path, tmp_path: Path, name: str
) -> None:
    source, target = shared_data / "exams" / f"{name}.dcm", tmp_path / "out.dcm"
    done = treat(source, target)
    assert (done.treatment, done.reason) == (Treatment.MASKED, FOUND)
    assert not found_in(target, identifying(opened(source)))
    before, after = read_frame(open_file(source)), read_frame(open_file(target))
    changed = before != after
    assert 0.0001 < float(changed.mean()) < 0.5
    breast = before > np.percentile(before, 80)
    assert float(changed[breast].mean()) < 0.02
    assert opened(target).BurnedInAnnotation == "NO"
    assert Counter(iod_errors(target)) <= Counter(iod_errors(source))


@pytest.mark.slow
@pytest.mark.parametrize("name", DOSE_REPORTS)
def test_a_real_dose_report_keeps_its_dose_and_nothing_of_the_woman(
    shared_data: Path, tmp_path: Path, name: str
) -> None:
    source, target = shared_data / "dicom-samples" / f"MG-RDSR-{name}.dcm", tmp_path / "out.dcm"
    assert treat(source, target).treatment is Treatment.EXPORTED
    before, after = opened(source), opened(target)
    assert not found_in(target, identifying(before))
    numbers = [[str(e.value) for e in ds.iterall() if e.keyword == "NumericValue"] for ds in (before, after)]
    assert numbers[0]
    assert numbers[0] == numbers[1]
    assert Counter(iod_errors(target)) <= Counter(iod_errors(source))


@pytest.mark.parametrize(
    ("name", "reason"),
    [("MG1_J2KI", SECONDARY_CAPTURE), ("MG-Im-GE_Seno_1_ForPresentation", NOT_CHECKED), ("MG_Explicit_Little", NO_AIR)],
)
def test_what_cannot_be_vouched_for_is_left_out_with_its_reason(
    shared_data: Path, tmp_path: Path, name: str, reason: str
) -> None:
    done = treat(shared_data / "dicom-samples" / f"{name}.dcm", tmp_path / "out.dcm")
    assert (done.treatment, done.reason) == (Treatment.LEFT_OUT, reason)
    assert not list(tmp_path.iterdir())


def test_results_still_refer_to_the_images_and_nothing_tells_whose_they_are(tmp_path: Path) -> None:
    exam = mammograms(tmp_path / "in", mark(Slot.RCC), mark(Slot.LMLO))
    sources = all_of(exam, tmp_path / "results", ResultKind.CAD_SR, ResultKind.TID_1500, ResultKind.GSPS)
    targets = treated(sources, tmp_path / "out")
    identity = {value for source in sources for value in identifying(opened(source))}
    assert len(identity) > 10
    assert not [leak for target in targets for leak in found_in(target, identity)]
    assert not [line for target in targets for line in iod_errors(target)]
    datasets = [opened(target) for target in targets]
    images = {ds.SOPInstanceUID for ds in datasets[: len(exam.files.paths)]}
    referred = [{e.value for e in ds.iterall() if e.keyword == "ReferencedSOPInstanceUID"} for ds in datasets]
    assert all(uids and uids <= images for uids in referred[len(images) :])
    assert len({ds.StudyInstanceUID for ds in datasets}) == 1


def test_marks_of_a_presentation_state_stay_and_its_words_go(tmp_path: Path) -> None:
    exam = mammograms(tmp_path / "in", mark(Slot.RCC))
    sources = [written.path for written in exam.write(tmp_path / "results", ResultKind.GSPS)]
    before, after = (values(paths) for paths in (sources, treated(sources, tmp_path / "out")))
    assert before["GraphicData"]
    assert before["GraphicData"] == after["GraphicData"]
    assert before["UnformattedTextValue"]
    assert not after["UnformattedTextValue"]


def test_a_volume_keeps_every_byte_of_its_pixels(tmp_path: Path) -> None:
    exam = volumes(tmp_path / "in")
    sources = list(exam.files.paths.values())
    for source, target in zip(sources, treated(sources, tmp_path / "out"), strict=True):
        before, after = opened(source), opened(target)
        assert before.PixelData == after.PixelData
        assert before.file_meta.TransferSyntaxUID == after.file_meta.TransferSyntaxUID
        assert not found_in(target, identifying(before))
        assert Counter(iod_errors(target)) <= Counter(iod_errors(source))


def test_signs_in_a_single_frame_of_a_volume_are_masked_in_all(tmp_path: Path) -> None:
    plain = volume(Slot.LCC.laterality, Slot.LCC.view)
    slices = np.stack([np.pad(page, ((60, 60), (0, 90))) for page in plain.slices])
    slices[1, 20:30, 120:150] = slices.max()
    write_bto(replace(plain, slices=slices), tmp_path / "in.dcm")
    done = treat(tmp_path / "in.dcm", tmp_path / "out.dcm")
    assert (done.treatment, done.reason) == (Treatment.MASKED, FOUND)
    out = opened(tmp_path / "out.dcm").pixel_array
    assert out.shape == slices.shape
    assert not out[:, 20:30, 120:150].any()
    breast = slices > np.percentile(slices, 70)
    breast[:, 20:30, 120:150] = False
    assert np.array_equal(out[breast], slices[breast])


@pytest.mark.parametrize("intent", ["FOR PRESENTATION", "FOR PROCESSING"])
def test_air_without_signs_leaves_the_file_as_it_was(tmp_path: Path, intent: str) -> None:
    pixels = builders.breast() if intent == "FOR PRESENTATION" else (4000 - builders.breast()).astype(np.uint16)
    builders.write(builders.mammogram(pixels, PresentationIntentType=intent), tmp_path / "in.dcm")
    assert treat(tmp_path / "in.dcm", tmp_path / "out.dcm").treatment is Treatment.EXPORTED
    assert opened(tmp_path / "out.dcm").PixelData == pixels.tobytes()


def test_signs_in_the_bright_air_of_an_unprocessed_image_are_masked(tmp_path: Path) -> None:
    pixels = (4000 - builders.breast()).astype(np.uint16)
    pixels[20:34, 200:230] = 10
    source = builders.write(builders.mammogram(pixels, PresentationIntentType="FOR PROCESSING"), tmp_path / "in.dcm")
    assert treat(source, tmp_path / "out.dcm").treatment is Treatment.MASKED
    assert set(np.unique(opened(tmp_path / "out.dcm").pixel_array[20:34, 200:230])) == {4000}


def test_declared_text_that_nobody_finds_keeps_the_image_out(tmp_path: Path) -> None:
    source = builders.write(builders.mammogram(BurnedInAnnotation="YES"), tmp_path / "in.dcm")
    assert treat(source, tmp_path / "out.dcm").reason == DECLARED_NOT_FOUND
    strict = DicomDeidentifier(PSEUDONYMS, leave_out_declared=True)
    assert strict.treat(source, tmp_path / "out.dcm", SUBJECT).reason == DECLARED
    assert not (tmp_path / "out.dcm").exists()


def test_dates_move_together_and_times_of_day_stay(tmp_path: Path) -> None:
    source = builders.write(
        builders.mammogram(
            AcquisitionDateTime="20240228101502.5+0100",
            DateOfLastDetectorCalibration="20240101",
            PatientBirthDate="19640229",
        ),
        tmp_path / "in.dcm",
    )
    treat(source, tmp_path / "out.dcm")
    out = opened(tmp_path / "out.dcm")
    assert SHIFT.days == -411
    assert (out.StudyDate, out.StudyTime) == ("20230113", "101500")
    assert out.AcquisitionDateTime == "20230113101502.5+0100"
    assert out.PatientBirthDate == ""
    assert out.DateOfLastDetectorCalibration == "19000101", "shifted, it would give the shift away"


def test_people_in_the_content_of_a_report_are_taken_out(tmp_path: Path) -> None:
    def item(kind: str, code: str, **values: object) -> Dataset:
        made = Dataset()
        made.RelationshipType, made.ValueType = "HAS OBS CONTEXT", kind
        made.ConceptNameCodeSequence = [builders.code(code, "DCM")]
        for keyword, value in values.items():
            setattr(made, keyword, value)
        return made

    report = builders.mammogram(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.88.33", Modality="SR", PixelData=None, ImageLaterality=None
    )
    measured = Dataset()
    measured.NumericValue = "62"
    report.ContentSequence = [
        item("PNAME", "121008", PersonName="Reader^Rita"),
        item("TEXT", "121017", TextValue="Room 4, St Elsewhere"),
        item("TEXT", "121014", TextValue="HOLOGIC"),
        item("DATE", "121031", Date="19640229"),
        item("NUM", "121033", MeasuredValueSequence=[measured]),
        item("UIDREF", "121012", UID="1.2.3.4.5.6.7"),
        item("DATETIME", "111526", DateTime="20240228101500"),
    ]
    builders.write(report, tmp_path / "in.dcm")
    treat(tmp_path / "in.dcm", tmp_path / "out.dcm")
    content = items(opened(tmp_path / "out.dcm"), "ContentSequence")
    assert [str(content[0].PersonName), content[1].TextValue, content[2].TextValue] == ["REMOVED", "REMOVED", "HOLOGIC"]
    assert content[3].Date == "19000101"
    assert not content[4].MeasuredValueSequence
    assert PSEUDONYMS.uid("1.2.3.4.5.6.7") == content[5].UID
    assert content[6].DateTime == "20230113101500"


def test_every_transfer_syntax_is_copied_bit_by_bit(tmp_path: Path) -> None:
    pixels = builders.breast()
    stream = builders.lossless(pixels)
    source = builders.write(
        builders.compressed(builders.mammogram(), stream), tmp_path / "in.dcm", "1.2.840.10008.1.2.4.70"
    )
    assert treat(source, tmp_path / "out.dcm").treatment is Treatment.EXPORTED
    out = pydicom.dcmread(tmp_path / "out.dcm")
    assert out.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.70"
    assert out.PixelData == builders.compressed(builders.mammogram(), stream).PixelData
    for syntax in ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99"):
        source = builders.write(builders.mammogram(), tmp_path / "in.dcm", syntax)
        assert treat(source, tmp_path / "out.dcm").treatment is Treatment.EXPORTED
        assert opened(tmp_path / "out.dcm").PixelData == pixels.tobytes()
