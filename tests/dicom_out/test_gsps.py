"""What a viewer draws from a presentation state: marks on the very pixels, on the image as it asks to be shown."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence as DicomSequence

from screening.dicom.bto_object import Window
from screening.dicom.header import open_file
from screening.dicom.mg_object import Photometric
from screening.dicom.orientation import apply_flip
from screening.dicom.pixels import read_frame
from screening.dicom.results.gsps import presentation_states
from screening.dicom.results.gsps_display import put_display
from screening.dicom.results.gsps_layout import label_box
from screening.dicom.results.shell import Maker
from screening.dicom.results.tid1500 import measurement_report
from screening.dicom.sr_walker import concept, walk
from screening.dicom.voi import voi_table
from screening.domain.ai_read import AiRead, Region
from screening.domain.errors import NotFound, ReportInvalid
from screening.domain.geometry import Box, Flip
from screening.domain.identifiers import FileDigest, StudyInstanceUid
from screening.domain.quality import Exclusion, ReasonCode
from screening.domain.results import ResultKind
from screening.domain.study import Laterality, Slot
from tests.dicom_out.exams import COLUMNS, ROWS, Exam, exam_of, mammograms, mark, uid_of, volumes
from tests.dicom_out.samples import AT, FAILED, OBJECTED, STUDY, UNCALIBRATED
from tests.dicom_out.tools import iod_errors, shown_with_state, state_complaints

MARKS = (mark(Slot.RMLO), mark(Slot.RMLO, (30, 100, 60, 120), None), mark(Slot.LCC, (120.5, 3, 200, 60)))
FRAME_MARKS = (mark(Slot.RCC, frame=2), mark(Slot.RCC, frame=4), mark(Slot.RCC, (20, 10, 60, 70), frame=2))
PER_FRAME = tuple(Window(900 + 150 * (n // 2), 1800, "SIGMOID" if n > 1 else "LINEAR") for n in range(4))


def states_of(exam: Exam) -> dict[str, Dataset]:
    """The states by the image they are of."""
    made = presentation_states(exam.study, Maker(exam.read, AT), exam.files)
    return {
        state.ReferencedSeriesSequence[0].ReferencedImageSequence[0].ReferencedSOPInstanceUID: state for state in made
    }


def outlines(state: Dataset) -> list[tuple[Box, int | None]]:
    """The boxes drawn, with the frame each is drawn on."""
    found = []
    for annotation in state.GraphicAnnotationSequence:
        frame = annotation.ReferencedImageSequence[0].get("ReferencedFrameNumber")
        for drawn in annotation.get("GraphicObjectSequence") or []:
            points = np.asarray(drawn.GraphicData).reshape(-1, 2)
            assert (drawn.GraphicType, drawn.GraphicAnnotationUnits, len(points)) == ("POLYLINE", "PIXEL", 5)
            np.testing.assert_array_equal(points[0], points[-1])
            (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
            found.append(((float(x0), float(y0), float(x1), float(y1)), frame))
    return found


def texts(state: Dataset) -> list[str]:
    return [
        str(text.UnformattedTextValue)
        for annotation in state.GraphicAnnotationSequence
        for text in annotation.get("TextObjectSequence") or []
    ]


@pytest.mark.parametrize("photometric", Photometric)
def test_every_state_of_mammograms_is_conformant(photometric: Photometric, tmp_path: Path) -> None:
    exam = mammograms(tmp_path / "mg", *MARKS, photometric=photometric)
    written = exam.write(tmp_path / "out", ResultKind.GSPS)
    assert len(written) == 4
    for item in written:
        assert iod_errors(item.path) == []
        assert state_complaints(item.path) == []


@pytest.mark.parametrize("windows", [(Window(2048, 4096),), PER_FRAME], ids=["shared", "per-frame"])
def test_every_state_of_volumes_is_conformant(windows: tuple[Window, ...], tmp_path: Path) -> None:
    exam = volumes(tmp_path / "dbt", *FRAME_MARKS, windows=windows)
    for item in exam.write(tmp_path / "out", ResultKind.GSPS):
        assert iod_errors(item.path) == []
        assert state_complaints(item.path) == []


@pytest.mark.parametrize("photometric", Photometric)
def test_another_viewer_shows_the_image_under_the_state_as_we_do(photometric: Photometric, tmp_path: Path) -> None:
    exam = mammograms(tmp_path / "mg", *MARKS, photometric=photometric)
    _assert_shown_alike(exam, tmp_path)


def test_a_table_of_grey_values_is_kept(tmp_path: Path) -> None:
    exam = mammograms(tmp_path / "mg")
    paths = [_with_table(path) for path in exam.files.paths.values()]
    _assert_shown_alike(exam_of(paths), tmp_path)


def _with_table(path: Path) -> Path:
    """The image with a VOI LUT Sequence instead of its window: 12 bits to 10, bent."""
    dataset = pydicom.dcmread(path)
    table = Dataset()
    table.LUTDescriptor = [4096, 0, 10]
    table.add(DataElement("LUTData", "OW", (1023 * (np.arange(4096) / 4095) ** 2).astype("<u2").tobytes()))
    dataset.VOILUTSequence = DicomSequence([table])
    dataset.save_as(path)
    return path


def _assert_shown_alike(exam: Exam, folder: Path) -> None:
    written = exam.write(folder / "out", ResultKind.GSPS)
    for item, image in zip(written, exam.study.images, strict=True):
        path = exam.files.path(image.digest)
        opened = open_file(path)
        ours = voi_table(opened.dataset, image.bits_stored, signed=False).apply(read_frame(opened))
        theirs = shown_with_state(path, item.path, folder / "shown.pgm")
        np.testing.assert_allclose(theirs / 255, ours, atol=1.01 / 255)


@pytest.mark.parametrize(("first", "count"), [(-2048, 4096), (-32768, 65536), (0, 256)])
def test_a_table_of_signed_values_keeps_its_start(first: int, count: int) -> None:
    entries = np.linspace(0, 1023, count).astype("<u2")
    table, image, state = Dataset(), Dataset(), Dataset()
    signed = count - 65536 if first < 0 and count > 32767 else count
    table.add(DataElement("LUTDescriptor", "SS" if first < 0 else "US", [signed, first, 10]))
    table.add(DataElement("LUTData", "OW", entries.tobytes()))
    image.VOILUTSequence = DicomSequence([table])
    image.PhotometricInterpretation = "MONOCHROME2"
    put_display(state, image, replace(STUDY.images[0], bits_stored=16))
    (kept,) = as_stored_part(state).SoftcopyVOILUTSequence
    descriptor = [int(value) for value in kept.VOILUTSequence[0].LUTDescriptor]
    assert descriptor == [signed, first, 10]
    np.testing.assert_array_equal(np.frombuffer(kept.VOILUTSequence[0].LUTData, "<u2"), entries)


def as_stored_part(part: Dataset) -> Dataset:
    """Part of an object through the bytes of a data set."""
    file = BytesIO()
    dcmwrite(file, part, implicit_vr=False, little_endian=True)
    return pydicom.dcmread(BytesIO(file.getvalue()), force=True)


def test_a_window_that_cannot_be_used_is_left_out() -> None:
    image, state = Dataset(), Dataset()
    image.WindowCenter, image.WindowWidth, image.PhotometricInterpretation = 500, 0, "MONOCHROME1"
    put_display(state, image, replace(STUDY.images[0], row_spacing_mm=None))
    assert "SoftcopyVOILUTSequence" not in state
    assert state.PresentationLUTShape == "INVERSE"
    assert state.DisplayedAreaSelectionSequence[0].PresentationPixelAspectRatio == [1, 1]


def test_frames_that_differ_are_shown_each_in_its_own_way(tmp_path: Path) -> None:
    exam = volumes(tmp_path / "dbt", windows=PER_FRAME)
    state = states_of(exam)[uid_of(Slot.LCC)]
    by_frame = {
        frame: item
        for item in state.SoftcopyVOILUTSequence
        for frame in np.atleast_1d(item.ReferencedImageSequence[0].ReferencedFrameNumber).tolist()
    }
    assert len(state.SoftcopyVOILUTSequence) == 2
    stored = pydicom.dcmread(exam.files.path(exam.study.image(uid_of(Slot.LCC)).digest))
    for frame in range(4):
        expected = voi_table(stored, 12, signed=False, frame=frame)
        np.testing.assert_array_equal(voi_table(by_frame[frame + 1], 12, signed=False).table[1:], expected.table[1:])


def test_frames_shown_alike_need_no_list(tmp_path: Path) -> None:
    state = states_of(volumes(tmp_path / "dbt"))[uid_of(Slot.LCC)]
    (item,) = state.SoftcopyVOILUTSequence
    assert "ReferencedImageSequence" not in item


def test_marks_are_drawn_on_their_image_and_frame_only(tmp_path: Path) -> None:
    states = states_of(volumes(tmp_path / "dbt", *FRAME_MARKS))
    assert outlines(states[uid_of(Slot.LCC)]) == []
    assert sorted(outlines(states[uid_of(Slot.RCC)]), key=str) == sorted(
        [((m.location.x0, m.location.y0, m.location.x1, m.location.y1), m.location.frame) for m in FRAME_MARKS], key=str
    )


boxes = st.tuples(st.integers(0, COLUMNS - 2), st.integers(0, ROWS - 2), st.integers(1, 60), st.integers(1, 60)).map(
    lambda b: (float(b[0]), float(b[1]), float(min(b[0] + b[2], COLUMNS)), float(min(b[1] + b[3], ROWS)))
)


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Exam:
    return mammograms(tmp_path_factory.mktemp("gsps") / "mg")


@settings(max_examples=60, deadline=None)
@given(slot=st.sampled_from(Slot), box=boxes, vertical=st.booleans(), horizontal=st.booleans())
def test_a_mark_seen_in_a_picture_is_drawn_on_the_same_stored_pixels(
    four: Exam, slot: Slot, box: Box, vertical: bool, horizontal: bool
) -> None:
    """What is painted in the picture as a reader sees it, flipped or not, is what the outline encloses when stored."""
    flip = Flip(ROWS, COLUMNS, horizontal, vertical)
    x0, y0, x1, y1 = (int(edge) for edge in box)
    picture = np.zeros((ROWS, COLUMNS), np.float32)
    picture[y0:y1, x0:x1] = 1.0
    stored = apply_flip(picture, flip)
    state = as_stored(states_of(marked(four, mark(slot, flip.to_stored(box))))[uid_of(slot)])
    (((left, top, right, bottom), _),) = outlines(state)
    inside = np.zeros_like(stored)
    inside[int(top) : int(bottom), int(left) : int(right)] = 1.0
    np.testing.assert_array_equal(inside, stored)


@settings(max_examples=15, deadline=None)
@given(slot=st.sampled_from(Slot), box=boxes)
def test_the_box_is_the_same_in_the_picture_the_state_and_the_measurement_report(
    four: Exam, slot: Slot, box: Box
) -> None:
    """From the picture of the service's own pixel path, mirrored for right breasts, out to both objects and back."""
    image = four.study.image(uid_of(slot))
    flip = Flip(ROWS, COLUMNS, horizontal=slot.laterality is Laterality.RIGHT, vertical=False)
    exam = marked(four, mark(slot, flip.to_stored(box)))
    (((x0, y0, x1, y1), _),) = outlines(as_stored(states_of(exam)[image.sop_instance_uid]))
    assert flip.to_stored((x0, y0, x1, y1)) == box
    report = as_stored(measurement_report(exam.study, Maker(exam.read, AT)))
    (region,) = [item for _, item in walk(report) if concept(item) == "111030"]
    assert list(region.GraphicData) == [x0, y0, x1, y0, x1, y1, x0, y1, x0, y0]


def test_the_flip_of_those_pictures_is_that_of_the_pixel_path(four: Exam) -> None:
    shown = four.pictures()
    assert {slot for slot in Slot if shown[slot].flip.horizontal} == {Slot.RCC, Slot.RMLO}


def marked(exam: Exam, *marks: Region) -> Exam:
    return replace(exam, read=replace(exam.read, regions=marks))


def as_stored(result: Dataset) -> Dataset:
    """Through the bytes of a file, with its single-precision coordinates."""
    file = BytesIO()
    result.save_as(file, enforce_file_format=True)
    return pydicom.dcmread(BytesIO(file.getvalue()))


def test_labels_are_short_and_the_note_says_what_the_model_is_not_for(tmp_path: Path) -> None:
    said = texts(states_of(mammograms(tmp_path / "mg", *MARKS))[uid_of(Slot.RMLO)])
    assert said == [
        "1: AI 9/10, mass-like",
        "2: AI 9/10, region",
        "AI 9/10, flagged, 2 marks\r\nphantom-trained, not for clinical use",
    ]


def test_the_note_on_a_volume_names_the_frames_to_look_at(tmp_path: Path) -> None:
    said = texts(states_of(volumes(tmp_path / "dbt", *FRAME_MARKS))[uid_of(Slot.RCC)])
    assert "3 marks on frames 2, 4" in said[-1]


def test_an_image_without_a_mark_says_so(tmp_path: Path) -> None:
    (said,) = texts(states_of(mammograms(tmp_path / "mg", *MARKS))[uid_of(Slot.RCC)])
    assert said.startswith("AI 9/10, flagged, no mark on this image")


@pytest.mark.parametrize("none", [UNCALIBRATED, FAILED, OBJECTED])
def test_a_run_that_is_no_read_draws_nothing_and_says_so(none: AiRead, tmp_path: Path) -> None:
    exam = mammograms(tmp_path / "mg", *MARKS)
    read = replace(none, slots=exam.read.slots, regions=MARKS if none is UNCALIBRATED else ())
    states = states_of(replace(exam, read=read))
    assert len(states) == 4
    for state in states.values():
        (said,) = texts(state)
        assert said.startswith(f"AI: not a read ({none.status.value})")
        assert "/10" not in said
        assert outlines(state) == []
        assert [layer.GraphicLayer for layer in state.GraphicLayerSequence] == ["AI_NOTES"]


def test_an_image_that_was_refused_says_why(tmp_path: Path) -> None:
    exam = mammograms(tmp_path / "mg")
    left_out = Exclusion(uid_of(Slot.LCC), ReasonCode.OUT_OF_DISTRIBUTION)
    slots = tuple(fill for fill in exam.read.slots if fill.slot is not Slot.LCC)
    read = replace(exam.read, excluded=(left_out,), slots=slots)
    (said,) = texts(states_of(replace(exam, read=read))[uid_of(Slot.LCC)])
    assert said.startswith(f"AI: this image was not read: {left_out.text}")


def test_an_image_that_cannot_be_shown_gets_no_state(tmp_path: Path) -> None:
    exam = mammograms(tmp_path / "mg")
    broken = replace(exam.study.images[0], exclusion=ReasonCode.PIXELS_SHORT)
    slots = tuple(fill for fill in exam.read.slots if fill.sop_instance_uid != broken.sop_instance_uid)
    study = replace(exam.study, images=(broken, *exam.study.images[1:]))
    states = states_of(replace(exam, study=study, read=replace(exam.read, slots=slots)))
    assert broken.sop_instance_uid not in states
    assert len(states) == 3


def test_a_state_lies_in_the_study_of_its_image(tmp_path: Path) -> None:
    """Some senders give every image a study of its own, and a state refers to images of its own study only."""
    exam = mammograms(tmp_path / "mg")
    other = StudyInstanceUid("1.2.826.0.1.3680043.8.498.555")
    images = (replace(exam.study.images[0], study_instance_uid=other), *exam.study.images[1:])
    states = states_of(replace(exam, study=replace(exam.study, images=images)))
    assert states[images[0].sop_instance_uid].StudyInstanceUID == other
    assert states[images[1].sop_instance_uid].StudyInstanceUID == exam.study.study_instance_uid


def test_what_cannot_be_drawn_truthfully_is_refused(tmp_path: Path) -> None:
    exam = mammograms(tmp_path / "mg")
    foreign = replace(exam.read, study_instance_uid=StudyInstanceUid("1.2.3"))
    with pytest.raises(ReportInvalid):
        states_of(replace(exam, read=foreign))


def test_an_image_whose_bytes_are_gone_is_an_error(tmp_path: Path) -> None:
    class Empty:
        def path(self, digest: FileDigest) -> Path:
            raise NotFound(digest)

    exam = mammograms(tmp_path / "mg")
    with pytest.raises(NotFound):
        list(presentation_states(exam.study, Maker(exam.read, AT), Empty()))


labels = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=60)
shapes = st.tuples(st.integers(40, 5000), st.integers(40, 4000))


@given(text=labels, shape=shapes, data=st.data())
def test_a_label_never_leaves_the_image_and_avoids_what_is_drawn(
    text: str, shape: tuple[int, int], data: st.DataObject
) -> None:
    rows, columns = shape
    corner = st.tuples(st.floats(0, columns), st.floats(0, columns), st.floats(0, rows), st.floats(0, rows))
    x0, x1, y0, y1 = data.draw(corner)
    box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
    place = label_box(text, box, shape, [])
    assert place[0] >= -1e-6
    assert place[1] >= -1e-6
    assert place[2] <= columns + 1e-6
    assert place[3] <= rows + 1e-6
    assert place[0] < place[2]
    assert place[1] < place[3]


def test_two_labels_of_one_place_stand_apart() -> None:
    box = (500.0, 700.0, 600.0, 800.0)
    first = label_box("1: AI 9/10, mass-like", box, (3000, 2000), [])
    second = label_box("2: AI 9/10, mass-like", box, (3000, 2000), [first])
    assert first[3] <= second[1] or second[3] <= first[1]
