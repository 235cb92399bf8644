"""Patient and study attributes as an object of ours states them: images of phantoms and results alike."""

from __future__ import annotations

from pydicom.dataset import Dataset

from screening.domain.study import StudyHeader


def put_patient_and_study(result: Dataset, header: StudyHeader) -> None:
    """Patient and General Study modules, as received."""
    woman = header.participant
    result.SpecificCharacterSet = "ISO_IR 192"
    result.PatientName = f"{woman.family}^{woman.given}" if woman.given else woman.family
    result.PatientID = woman.person.value
    if woman.person.issuer:
        result.IssuerOfPatientID = woman.person.issuer
    result.PatientBirthDate = woman.birth_date.replace("-", "")
    result.PatientSex = woman.sex
    if header.age_years is not None:
        result.PatientAge = f"{header.age_years:03d}Y"
    result.StudyInstanceUID = header.study_instance_uid
    result.StudyDate = header.study_date.strftime("%Y%m%d") if header.study_date else ""
    result.StudyTime = header.study_time
    result.StudyID = header.study_id
    result.AccessionNumber = header.accession_number
    result.ReferringPhysicianName = header.referring_physician
    if header.institution:
        result.InstitutionName = header.institution
