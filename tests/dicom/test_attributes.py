"""Patient and study attributes arrive verbatim, malformed ones as absent, and none of them where it could be logged."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from screening.dicom.attributes import acquired_at, parse_date, spacing_mm
from screening.dicom.elements import name_parts
from screening.domain.study import Device
from tests.dicom.builders import changed, mammogram, read, read_image, write


def test_a_conformant_header_arrives_whole(tmp_path: Path) -> None:
    header = read(write(mammogram(), tmp_path / "a.dcm")).header
    woman = header.participant
    assert (woman.family, woman.given, woman.birth_date, woman.sex) == ("Vermeulen", "Anneke", "1964-02-29", "F")
    assert (woman.person.issuer, woman.person.value) == ("SITE-A", "P-4711")
    assert (header.accession_number, header.study_date, header.age_years) == ("ACC-9", date(2024, 2, 28), 59)


def test_device_and_time_of_acquisition(tmp_path: Path) -> None:
    image = read_image(write(mammogram(), tmp_path / "a.dcm"))
    assert image.device == Device("Maker", "Model", "1.0\\2.1", "D-7")
    assert image.acquired_at == datetime(2024, 2, 28, 10, 15, 2, 500_000, UTC)
    assert (image.row_spacing_mm, image.column_spacing_mm) == (0.1, 0.2)


def test_nothing_about_the_woman_shows_in_repr_or_logs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    found = read(write(mammogram(PatientBirthDate="Anneke-1964", Rows=0), tmp_path / "a.dcm"))
    spoken = repr(found) + caplog.text
    assert not any(secret in spoken for secret in ("Vermeulen", "Anneke", "4711", "1964"))


@pytest.mark.parametrize("charset", ["ISO_IR 999", "nonsense", "ISO 2022 IR 999", "\\\\"])
def test_a_bogus_character_set_costs_nothing_but_spelling(tmp_path: Path, charset: str) -> None:
    path = write(mammogram(), tmp_path / "a.dcm")
    data = path.read_bytes().replace(b"ISO_IR 192", charset.encode().ljust(10)[:10], 1)
    path.write_bytes(data)
    found = read(path)
    assert found.header.participant.person.value == "P-4711"
    assert read_image(path).exclusion is None


@pytest.mark.parametrize(
    ("name", "charset", "expected"),
    [
        ("Jansen^Marie^A.^Mw.", "ISO_IR 192", ("Jansen", "Marie")),
        ("O'Neill-van der Berg^Zoë", "ISO_IR 192", ("O'Neill-van der Berg", "Zoë")),
        ("Yamada^Hanako=山田^花子=やまだ^はなこ", "ISO_IR 192", ("Yamada", "Hanako")),
        ("=山田^花子", "ISO_IR 192", ("山田", "花子")),
        ("Plain", "ISO_IR 100", ("Plain", "")),
        ("Müller^Jürgen", "ISO_IR 100", ("Müller", "Jürgen")),
        ("", "ISO_IR 100", ("", "")),
    ],
)
def test_names_keep_their_spelling(tmp_path: Path, name: str, charset: str, expected: tuple[str, str]) -> None:
    woman = read(
        write(mammogram(SpecificCharacterSet=charset, PatientName=name), tmp_path / "a.dcm")
    ).header.participant
    assert (woman.family, woman.given) == expected


@given(st.text(max_size=40))
def test_any_name_can_be_parsed(name: str) -> None:
    family, given_name = name_parts(changed(Dataset(), {"PatientName": name}), "PatientName")
    assert "^" not in family + given_name


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(raw=st.binary(min_size=16, max_size=16))
def test_whatever_bytes_a_name_holds_it_can_be_stored_as_text(tmp_path: Path, raw: bytes) -> None:
    path = write(mammogram(), tmp_path / "a.dcm")
    path.write_bytes(path.read_bytes().replace(b"Vermeulen^Anneke", raw, 1))
    woman = read(path).header.participant
    assert "\0" not in woman.family + woman.given
    assert (woman.family + woman.given).encode().decode() == woman.family + woman.given


@pytest.mark.parametrize("written", ["20240231", "2024-02-01", "yesterday", "2024", "202402011", "00000000"])
def test_a_bad_date_counts_as_absent(tmp_path: Path, written: str) -> None:
    bad = dict.fromkeys(("StudyDate", "AcquisitionDate", "PatientBirthDate"), written)
    path = write(mammogram(**bad), tmp_path / "a.dcm")
    assert read(path).header.study_date is None
    assert read(path).header.participant.birth_date == ""
    assert (read_image(path).acquired_at, read_image(path).exclusion) == (None, None)


@given(st.dates())
def test_every_date_survives(day: date) -> None:
    assert parse_date(day.strftime("%Y%m%d").zfill(8)) == day
    assert parse_date(f"{day.year:04}.{day.month:02}.{day.day:02}") == day


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"AcquisitionDateTime": "20240301081500+0100"}, (3, 1, 7, 15)),
        ({"AcquisitionDateTime": "20240301081500", "TimezoneOffsetFromUTC": "-0500"}, (3, 1, 13, 15)),
        ({"AcquisitionDateTime": "2024", "AcquisitionTime": "99"}, (2, 28, 0, 0)),
        ({"AcquisitionDate": None, "ContentDate": "20240229", "ContentTime": "01"}, (2, 29, 1, 0)),
        ({"AcquisitionDate": None}, (2, 28, 10, 15)),
    ],
)
def test_time_of_acquisition_falls_back_in_order(
    changes: dict[str, object], expected: tuple[int, int, int, int]
) -> None:
    month, day, hour, minute = expected
    assert acquired_at(mammogram(**changes)) == datetime(2024, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "age"),
    [
        ({"PatientBirthDate": None, "PatientAge": "057Y"}, 57),
        ({"PatientBirthDate": None, "PatientAge": "018M"}, 1),
        ({"PatientBirthDate": None, "PatientAge": "old"}, None),
        ({"PatientBirthDate": "20300101"}, None),
        ({"StudyDate": "20240301"}, 60),
    ],
)
def test_age(tmp_path: Path, changes: dict[str, object], age: int | None) -> None:
    assert read(write(mammogram(**changes), tmp_path / "a.dcm")).header.age_years == age


def test_the_issuer_may_hide_in_the_qualifiers(tmp_path: Path) -> None:
    item = Dataset()
    item.UniversalEntityID, item.UniversalEntityIDType = "1.2.3", "ISO"
    ds = mammogram(IssuerOfPatientID=None, IssuerOfPatientIDQualifiersSequence=Sequence([item]))
    assert read(write(ds, tmp_path / "a.dcm")).header.person.issuer == "1.2.3"


def measures() -> Sequence:
    pixel, group = Dataset(), Dataset()
    pixel.PixelSpacing = ["0.085", "0.085"]
    group.PixelMeasuresSequence = Sequence([pixel])
    return Sequence([group])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (0.1, 0.2)),
        ({"EstimatedRadiographicMagnificationFactor": "2.0"}, (0.05, 0.1)),
        ({"ImagerPixelSpacing": ["0", "0"]}, (None, None)),
        ({"ImagerPixelSpacing": ["", "0.1"]}, (None, None)),
        ({"ImagerPixelSpacing": None}, (None, None)),
        ({"ImagerPixelSpacing": None, "PixelSpacing": ["0.3", "0.4"]}, (None, None)),
        (
            {"ImagerPixelSpacing": None, "PixelSpacing": ["0.3", "0.4"], "PixelSpacingCalibrationType": "FIDUCIAL"},
            (0.3, 0.4),
        ),
        ({"ImagerPixelSpacing": None, "SharedFunctionalGroupsSequence": measures()}, (0.085, 0.085)),
    ],
)
def test_spacing_is_at_the_breast_and_row_spacing_comes_first(
    changes: dict[str, object], expected: tuple[float | None, float | None]
) -> None:
    assert spacing_mm(mammogram(**changes)) == expected
