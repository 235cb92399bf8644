"""ImagingStudy, and how an observation points into it: R4 has no resource for a region of an image.

A region is an extension of our own on the reference to the study: SOP instance, frame, and the box in stored pixels.
A receiver that does not know it still learns which study the lesion was seen on.
"""

from __future__ import annotations

from fhir_gateway import codes
from fhir_gateway.content import plain
from fhir_gateway.fhir.elements import Json, JsonObject, coding, compact, identifier
from fhir_gateway.fhir.frame import Entry, Frame
from fhir_gateway.systems import ACCESSION, ACCESSION_TYPE, DICOM_UID, IMAGE_REGION, URI
from screening.domain.errors import ReportInvalid
from screening.domain.opinion import ImageLocation
from screening.domain.report import ImageReference


def accession(frame: Frame) -> JsonObject | None:
    """Accession number as an identifier of type ACSN, None when the examination has none."""
    number = plain(frame.report.accession_number)
    return identifier(ACCESSION, number, ACCESSION_TYPE, plain(frame.report.organisation)) if number else None


def imaging_study(frame: Frame) -> Entry:
    """R4 ImagingStudy with the series and instances the report speaks about, named by DICOM UID.

    An exam whose images came under several Study Instance UIDs has them all as identifiers.
    """
    number = accession(frame)
    other_uids = {image.study_instance_uid for image in frame.report.images} - {frame.report.study_instance_uid}
    names = [number] if number else []
    names += [identifier(DICOM_UID, f"urn:oid:{uid}") for uid in sorted(other_uids)]
    resource = compact(
        {
            "resourceType": "ImagingStudy",
            "identifier": names or None,
            "status": "available",
            "modality": [coding(codes.MODALITY_MG)],
            "subject": frame.subject,
            "started": frame.effective,
            "series": _series(frame.report.images),
        }
    )
    return frame.shared("study", resource, identifier(DICOM_UID, f"urn:oid:{frame.report.study_instance_uid}"))


def _series(images: tuple[ImageReference, ...]) -> list[Json]:
    uids = dict.fromkeys(image.series_instance_uid for image in images)
    return [
        {
            "uid": uid,
            "modality": coding(codes.MODALITY_MG),
            "instance": [_instance(image) for image in images if image.series_instance_uid == uid],
        }
        for uid in uids
    ]


def _instance(image: ImageReference) -> JsonObject:
    return {
        "uid": image.sop_instance_uid,
        "sopClass": {"system": URI, "code": f"urn:oid:{image.sop_class_uid}"},
    }


def seen_on(frame: Frame, locations: tuple[ImageLocation, ...]) -> list[Json]:
    """References to the study for `Observation.derivedFrom`, one per region, or one plain reference without regions."""
    if not locations:
        return [frame.study]
    return [{**frame.study, "extension": [_region(frame, location)]} for location in locations]


def _region(frame: Frame, location: ImageLocation) -> JsonObject:
    known = {image.sop_instance_uid for image in frame.report.images}
    if location.sop_instance_uid not in known:
        raise ReportInvalid(f"report {frame.report.report_id} marks a lesion on an image it does not list")
    box = {"x0": location.x0, "y0": location.y0, "x1": location.x1, "y1": location.y1}
    corners: list[Json] = [{"url": name, "valueDecimal": value} for name, value in box.items()]
    frames: list[Json] = [] if location.frame is None else [{"url": "frame", "valuePositiveInt": location.frame}]
    instance: Json = {"url": "sopInstance", "valueOid": f"urn:oid:{location.sop_instance_uid}"}
    return {"url": IMAGE_REGION, "extension": [instance, *frames, *corners]}
