"""Wherever an identity stands in an object, in any attribute at any depth, it is in no byte of what comes out."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom._dicom_dict import DicomDictionary
from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag
from pydicom.uid import UID

from screening.workflow.research_export import Subject, Treatment
from tests.dicom.builders import write
from tests.dicom.deidentify.cases import SHIFT, found_in, opened, treat

SECRETS = {
    "family": "Vandersynthetic",
    "given": "Wilhelmina",
    "accented": "Höfstätter",
    "id": "SYN-987654321",
    "birth": "19610417",
    "accession": "ACC20260105",
    "study date": "20240228",
    "institution": "Unit Noordzee",
    "physician": "Jansenius",
    "uid": "1.2.826.0.1.3680043.8.498.77.4711",
}
WOMAN = Subject("WSUBJECT", SHIFT, frozenset(SECRETS.values()))

TEXT = ("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT")
BYTES = ("OB", "OW", "UN")
STRUCTURE = {"SpecificCharacterSet", "SOPClassUID", "SOPInstanceUID", "LUTData", "PixelData", "TransferSyntaxUID"}

ATTRIBUTES = sorted(
    (tag, entry[0])
    for tag, entry in DicomDictionary.items()
    if entry[0] in (*TEXT, *BYTES) and 0x0008 <= tag >> 16 < 0x7FE0 and entry[4] not in STRUCTURE
)
SEQUENCES = sorted(tag for tag, entry in DicomDictionary.items() if entry[0] == "SQ" and tag >> 16 >= 0x0008)
PRIVATE = [(0x00191001, "LO"), (0x7E011010, "UN"), (0x00290010, "LO")]

WRITTEN = st.sampled_from(sorted(SECRETS.values())).flatmap(
    lambda secret: st.sampled_from([secret, secret.upper(), f"seen by {secret}", f"{secret}\\{secret}", f"({secret})"])
)
PLACES = st.tuples(
    st.sampled_from(ATTRIBUTES) | st.sampled_from(PRIVATE), st.lists(st.sampled_from(SEQUENCES), max_size=4), WRITTEN
)


def place(dataset: Dataset, tag: int, vr: str, path: list[int], value: str) -> None:
    """Put raw bytes into an attribute inside nested sequences, as a careless writer would."""
    for sequence in path:
        inner = Dataset()
        dataset.add_new(sequence, "SQ", Sequence([inner]))
        dataset = inner
    raw = value.encode("utf-8")
    raw += b" " * (len(raw) % 2)
    dataset[tag] = RawDataElement(BaseTag(tag), vr, len(raw), raw, 0, False, True)


def report() -> Dataset:
    """The header of a report and nothing else."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID, dataset.SOPInstanceUID = UID("1.2.840.10008.5.1.4.1.1.88.33"), UID("1.2.826.0.1.9")
    dataset.Modality, dataset.PatientName, dataset.PatientID = "SR", "Vandersynthetic^Wilhelmina", "SYN-987654321"
    return dataset


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PLACES, min_size=1, max_size=12))
def test_no_identity_in_any_standard_or_private_attribute_comes_out(
    places: list[tuple[tuple[int, str], list[int], str]],
) -> None:
    dataset = report()
    for (tag, vr), path, value in places:
        place(dataset, tag, vr, path, value)
    with TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.dcm", Path(folder) / "out.dcm"
        write(dataset, source)
        assert treat(source, target, WOMAN).treatment is Treatment.EXPORTED
        leaks = found_in(target, set(SECRETS.values()))
        assert not leaks, [(keyword_for_tag(tag), vr, path, value) for (tag, vr), path, value in places]


@settings(max_examples=40, deadline=None)
@given(st.lists(PLACES, min_size=1, max_size=6))
def test_what_comes_out_is_clean_to_a_second_pass_and_says_what_was_done(
    places: list[tuple[tuple[int, str], list[int], str]],
) -> None:
    """Cleaning is stable: what has been cleaned names nobody whom a second look would find."""
    dataset = report()
    for (tag, vr), path, value in places:
        place(dataset, tag, vr, path, value)
    with TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.dcm", Path(folder) / "out.dcm"
        write(dataset, source)
        treated = treat(source, target, WOMAN)
        out = opened(target)
    assert (out.PatientName, out.PatientID) == ("WSUBJECT", "WSUBJECT")
    assert (out.PatientIdentityRemoved, out.LongitudinalTemporalInformationModified) == ("YES", "MODIFIED")
    assert [item.CodeValue for item in out.DeidentificationMethodCodeSequence][:2] == ["113100", "113101"]
    assert out.file_meta.MediaStorageSOPInstanceUID == out.SOPInstanceUID == treated.sop_instance_uid
    assert not any(element.tag.is_private for element in out.iterall())
    assert treated.changes["replaced"]["PatientID"] == 1
