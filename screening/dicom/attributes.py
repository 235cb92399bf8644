"""Patient, study and device attributes of a data set, as the domain knows them.

Malformed values count as absent; nothing is corrected or guessed, and nothing here is ever logged.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

from pydicom.dataset import Dataset

from screening.dicom.elements import integer, items, joined, name_parts, number, numbers, path, text
from screening.domain.identifiers import Participant, PersonId, StudyInstanceUid
from screening.domain.study import Device, StudyHeader

_DATE = re.compile(r"^(\d{4})\.?(\d{2})\.?(\d{2})$")
_TIME = re.compile(r"^(\d{2}):?(\d{2})?:?(\d{2})?(?:\.(\d{1,6}))?$")
_ZONE = re.compile(r"^([+-])(\d{2})(\d{2})$")
_DATE_TIME = re.compile(r"^(\d{8})(\d{2,6}(?:\.\d{1,6})?)?([+-]\d{4})?$")
_AGE = re.compile(r"^(\d{3})([DWMY])$")
_YEARS_PER_UNIT = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}


def study_header(ds: Dataset, study_instance_uid: str) -> StudyHeader:
    """Examination and participant as this instance states them (PS3.3 C.7.1.1, C.7.2.1); text verbatim."""
    study_date = parse_date(text(ds, "StudyDate"))
    return StudyHeader(
        study_instance_uid=StudyInstanceUid(study_instance_uid),
        participant=participant(ds),
        accession_number=text(ds, "AccessionNumber"),
        study_date=study_date,
        study_time=text(ds, "StudyTime"),
        institution=text(ds, "InstitutionName"),
        age_years=age_years(ds, study_date),
        study_id=text(ds, "StudyID"),
        referring_physician=text(ds, "ReferringPhysicianName"),
    )


def participant(ds: Dataset) -> Participant:
    """The woman, with the issuer that makes her identifier unique (PS3.3 C.7.1.1)."""
    family, given = name_parts(ds, "PatientName")
    born = parse_date(text(ds, "PatientBirthDate"))
    return Participant(
        person=PersonId(issuer(ds), text(ds, "PatientID")),
        family=family,
        given=given,
        birth_date=born.isoformat() if born else "",
        sex=text(ds, "PatientSex"),
    )


def issuer(ds: Dataset) -> str:
    """Issuer of Patient ID, else the universal entity of its qualifiers (PS3.3 10.14), else ""."""
    qualifiers = path(ds, "IssuerOfPatientIDQualifiersSequence")
    return text(ds, "IssuerOfPatientID") or (text(qualifiers, "UniversalEntityID") if qualifiers is not None else "")


def age_years(ds: Dataset, on: date | None) -> int | None:
    """Age at the examination: from the birth date where both dates are known, else Patient's Age; None if neither."""
    born = parse_date(text(ds, "PatientBirthDate"))
    if born and on and born <= on:
        return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    stated = _AGE.match(text(ds, "PatientAge"))
    return int(int(stated[1]) * _YEARS_PER_UNIT[stated[2]]) if stated else None


def device(ds: Dataset) -> Device:
    """The acquisition device: part of the stratum a calibration belongs to, so text stays as sent."""
    return Device(
        manufacturer=text(ds, "Manufacturer"),
        model=text(ds, "ManufacturerModelName"),
        software=joined(ds, "SoftwareVersions"),
        detector_id=text(ds, "DetectorID"),
    )


def acquired_at(ds: Dataset) -> datetime | None:
    """When the image was acquired: Acquisition DateTime, else acquisition, content or study date and time.

    Timezone-aware: the data set's own offset (PS3.3 C.12.1.1.8), else the device's wall clock taken as UTC. It orders
    images of one device; it is no proof of an instant. A time that cannot be read counts as midnight.
    """
    zone = _zone(text(ds, "TimezoneOffsetFromUTC"))
    whole = _DATE_TIME.match(text(ds, "AcquisitionDateTime"))
    if whole and (found := _combined(whole[1], whole[2] or "", _zone(whole[3] or "") or zone)):
        return found
    for kind in ("Acquisition", "Content", "Study"):
        found = _combined(text(ds, f"{kind}Date"), text(ds, f"{kind}Time"), zone)
        if found:
            return found
    return None


def parse_date(written: str) -> date | None:
    """A DA value, the retired form with dots included (PS3.5 6.2); None when it is no date.

    >>> parse_date("20240231") is None
    True
    """
    found = _DATE.match(written)
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None


def spacing_mm(ds: Dataset) -> tuple[float | None, float | None]:
    """Row and column spacing at the breast in mm, (None, None) when unknown or not positive.

    Imager Pixel Spacing is at the detector and divided by the magnification (PS3.3 C.8.11.7); Pixel Spacing counts
    only with a calibration type (PS3.3 10.7.1.1), or as Pixel Measures of a multi-frame object.
    """
    detector = numbers(ds, "ImagerPixelSpacing")
    if _usable(detector):
        factor = max(magnification(ds), 1.0)
        return detector[0] / factor, detector[1] / factor
    groups = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
    measures = next((m for group in groups if (m := path(ds, group, "PixelMeasuresSequence")) is not None), None)
    source = measures if measures is not None else ds
    found = numbers(source, "PixelSpacing")
    calibrated = measures is not None or bool(text(ds, "PixelSpacingCalibrationType"))
    return (found[0], found[1]) if calibrated and _usable(found) else (None, None)


def magnification(ds: Dataset) -> float:
    """Estimated Radiographic Magnification Factor; 1.0 when missing or not positive."""
    found = number(ds, "EstimatedRadiographicMagnificationFactor")
    return found if found is not None and found > 0 else 1.0


def frames(ds: Dataset) -> int:
    """Number of Frames; 1 when absent, 0 when malformed or not positive."""
    if not text(ds, "NumberOfFrames"):
        return 1
    return max(integer(ds, "NumberOfFrames") or 0, 0)


def code_items(ds: Dataset, keyword: str, nested: str) -> tuple[Dataset, ...]:
    """The items of `nested` inside every item of `keyword`."""
    return tuple(inner for outer in items(ds, keyword) for inner in items(outer, nested))


def _usable(spacing: tuple[float, ...]) -> bool:
    return len(spacing) == 2 and min(spacing) > 0


def _zone(written: str) -> timezone | None:
    found = _ZONE.match(written)
    if not found:
        return None
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(-offset if found[1] == "-" else offset) if offset < timedelta(hours=15) else None


def _combined(day: str, clock: str, zone: timezone | None) -> datetime | None:
    on = parse_date(day)
    if on is None:
        return None
    found = _TIME.match(clock)
    parts = [int(found[i] or 0) for i in (1, 2, 3)] if found else [0, 0, 0]
    micros = int((found[4] or "").ljust(6, "0")) if found and found[4] else 0
    try:
        local = datetime(on.year, on.month, on.day, parts[0], parts[1], min(parts[2], 59), micros, zone or UTC)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime(on.year, on.month, on.day, tzinfo=UTC)
