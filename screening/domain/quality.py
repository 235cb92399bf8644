"""Why something cannot be used: coded reasons for images and exams.

Every input that cannot be used is kept, refused with one of these codes, and shown to someone who can act
(rule 5 of the product). Codes are stable; texts are for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from screening.domain.identifiers import SopInstanceUid


class ReasonCode(StrEnum):
    """Why an image is not scored, or an exam not read by AI. The docstring table of `TEXTS` explains each."""

    NOT_DICOM = "not_dicom"
    UNREADABLE = "unreadable"
    NOT_AN_IMAGE = "not_an_image"
    DOSE_REPORT = "dose_report"
    OWN_RESULT = "own_result"
    WRONG_SOP_CLASS = "wrong_sop_class"
    PROPRIETARY_TOMOSYNTHESIS = "proprietary_tomosynthesis"
    FOR_PROCESSING = "for_processing"
    TOMOSYNTHESIS = "tomosynthesis"
    SYNTHETIC_2D = "synthetic_2d"
    PROJECTION = "projection"
    STEREOTACTIC = "stereotactic"
    CONTRAST = "contrast"
    MAGNIFICATION = "magnification"
    SPECIMEN = "specimen"
    QUALITY_CONTROL = "quality_control"
    VIEW_UNKNOWN = "view_unknown"
    VIEW_NOT_STANDARD = "view_not_standard"
    VIEW_MODIFIED = "view_modified"
    LATERALITY_UNKNOWN = "laterality_unknown"
    LATERALITY_CONFLICT = "laterality_conflict"
    ORIENTATION_UNKNOWN = "orientation_unknown"
    ORIENTATION_CONFLICT = "orientation_conflict"
    SPACING_MISSING = "spacing_missing"
    IMPLANT_NOT_DISPLACED = "implant_not_displaced"
    PARTIAL_VIEW = "partial_view"
    REPEAT_NOT_CHOSEN = "repeat_not_chosen"
    SLABS_NOT_CHOSEN = "slabs_not_chosen"
    MAMMOGRAM_2D = "mammogram_2d"
    OTHER_STUDY = "other_study"
    PIXELS_MISSING = "pixels_missing"
    PIXELS_SHORT = "pixels_short"
    PIXELS_UNDECODABLE = "pixels_undecodable"
    TRANSFER_SYNTAX_UNSUPPORTED = "transfer_syntax_unsupported"
    TRANSFER_SYNTAX_MISMATCH = "transfer_syntax_mismatch"
    BITS_STORED_EXCEEDED = "bits_stored_exceeded"
    PHOTOMETRIC_UNSUPPORTED = "photometric_unsupported"
    LIMITS_EXCEEDED = "limits_exceeded"
    NO_BREAST = "no_breast"
    CONTENT_IMPLAUSIBLE = "content_implausible"
    OUT_OF_DISTRIBUTION = "out_of_distribution"
    DUPLICATE_DIFFERS = "duplicate_differs"
    TWO_PATIENTS = "two_patients"
    # exam level
    NO_USABLE_IMAGES = "no_usable_images"
    VIEWS_MISSING = "views_missing"
    STRATUM_UNCALIBRATED = "stratum_uncalibrated"
    NOT_COMMISSIONED = "not_commissioned"
    COMMISSIONING_UNVERIFIED = "commissioning_unverified"
    STRATUM_SUSPENDED = "stratum_suspended"
    OBJECTED = "objected"
    NOT_LICENSED = "not_licensed"
    TIMED_OUT = "timed_out"
    MODEL_FAILED = "model_failed"
    MODEL_UNUSABLE = "model_unusable"
    # exam level, readers that are plug-ins
    MODALITY_OUT_OF_SCOPE = "modality_out_of_scope"
    VENDOR_OUT_OF_SCOPE = "vendor_out_of_scope"
    VIEWS_OUT_OF_SCOPE = "views_out_of_scope"
    AGE_OUT_OF_SCOPE = "age_out_of_scope"
    CAD_SR_MISSING = "cad_sr_missing"
    CAD_SR_AMBIGUOUS = "cad_sr_ambiguous"
    CAD_SR_INVALID = "cad_sr_invalid"
    MARK_ELSEWHERE = "mark_elsewhere"
    MARK_NOT_UNDERSTOOD = "mark_not_understood"
    NOT_READ_BY_PRODUCT = "not_read_by_product"
    READER_UNREACHABLE = "reader_unreachable"
    ANSWER_INVALID = "answer_invalid"
    # warnings: the image is used
    WINDOW_UNUSABLE = "window_unusable"
    MODALITY_MISMATCH = "modality_mismatch"
    INTENT_MISMATCH = "intent_mismatch"
    TRAILING_BYTES = "trailing_bytes"
    IMPLANT_PRESENT = "implant_present"
    NO_PREAMBLE = "no_preamble"
    STUDY_SPLIT = "study_split"
    PRIOR_REFUSED = "prior_refused"
    PRIOR_UNUSABLE = "prior_unusable"
    SCORE_NOT_STATED = "score_not_stated"


TEXTS: dict[ReasonCode, str] = {
    ReasonCode.NOT_DICOM: "the file is empty or is not DICOM",
    ReasonCode.UNREADABLE: "the DICOM header cannot be read",
    ReasonCode.NOT_AN_IMAGE: "the object is not an image (report, presentation state, key object); stored, not scored",
    ReasonCode.DOSE_REPORT: "radiation dose report; stored, not scored",
    ReasonCode.OWN_RESULT: "our own result came back; ignored",
    ReasonCode.WRONG_SOP_CLASS: "the SOP class is not a mammography image (film scan, screen shot); stored, not scored",
    ReasonCode.PROPRIETARY_TOMOSYNTHESIS: "proprietary tomosynthesis; send Breast Tomosynthesis Objects",
    ReasonCode.FOR_PROCESSING: "For Processing image; send the For Presentation image",
    ReasonCode.TOMOSYNTHESIS: "tomosynthesis volume; this model reads 2D mammograms",
    ReasonCode.SYNTHETIC_2D: "synthetic 2D image; this model reads acquired mammograms",
    ReasonCode.PROJECTION: "tomosynthesis projection, not a reconstruction",
    ReasonCode.STEREOTACTIC: "stereotactic or biopsy image",
    ReasonCode.CONTRAST: "contrast-enhanced image",
    ReasonCode.MAGNIFICATION: "magnification or spot view",
    ReasonCode.SPECIMEN: "specimen image",
    ReasonCode.QUALITY_CONTROL: "quality-control image",
    ReasonCode.VIEW_UNKNOWN: "no view is stated",
    ReasonCode.VIEW_NOT_STANDARD: "not one of the four standard views",
    ReasonCode.VIEW_MODIFIED: "the view modifier keeps this image out of the standard slots",
    ReasonCode.LATERALITY_UNKNOWN: "no laterality is stated",
    ReasonCode.LATERALITY_CONFLICT: "laterality, orientation and pixels disagree",
    ReasonCode.ORIENTATION_UNKNOWN: "the patient orientation is not stated or not usable",
    ReasonCode.ORIENTATION_CONFLICT: "the patient orientation disagrees with the air side of the pixels",
    ReasonCode.SPACING_MISSING: "the pixel spacing is missing or zero",
    ReasonCode.IMPLANT_NOT_DISPLACED: "an implant-displaced view of this projection is preferred",
    ReasonCode.PARTIAL_VIEW: "partial view: several images make one view",
    ReasonCode.REPEAT_NOT_CHOSEN: "a later or larger image of the same view is used",
    ReasonCode.SLABS_NOT_CHOSEN: "thick slabs of a view whose thin slices are read",
    ReasonCode.MAMMOGRAM_2D: "2D mammogram; this exam is read from its tomosynthesis volumes",
    ReasonCode.OTHER_STUDY: "belongs to another study",
    ReasonCode.PIXELS_MISSING: "there is no pixel data",
    ReasonCode.PIXELS_SHORT: "the pixel data is shorter than the header says",
    ReasonCode.PIXELS_UNDECODABLE: "the pixel data cannot be decoded",
    ReasonCode.TRANSFER_SYNTAX_UNSUPPORTED: "no trusted decoder for this transfer syntax",
    ReasonCode.TRANSFER_SYNTAX_MISMATCH: "the pixel data is not in the stated transfer syntax",
    ReasonCode.BITS_STORED_EXCEEDED: "pixel values exceed Bits Stored",
    ReasonCode.PHOTOMETRIC_UNSUPPORTED: "the photometric interpretation is not grey scale",
    ReasonCode.LIMITS_EXCEEDED: "rows, columns, frames or size exceed the accepted limits",
    ReasonCode.NO_BREAST: "no breast is found in the pixels",
    ReasonCode.CONTENT_IMPLAUSIBLE: "the pixels look corrupt",
    ReasonCode.OUT_OF_DISTRIBUTION: "the image is unlike anything the model was trained on",
    ReasonCode.DUPLICATE_DIFFERS: "same SOP Instance UID, other bytes; quarantined",
    ReasonCode.TWO_PATIENTS: "two patients in one study; the whole study is quarantined",
    ReasonCode.NO_USABLE_IMAGES: "the exam holds no image that can be scored",
    ReasonCode.VIEWS_MISSING: "a standard view is missing, so there is no exam score",
    ReasonCode.STRATUM_UNCALIBRATED: "no calibration for this AI version on this device; the scores are not a read",
    ReasonCode.NOT_COMMISSIONED: "this AI version has not passed commissioning for this device; the scores are no read",
    ReasonCode.COMMISSIONING_UNVERIFIED: "signature or hash of the commissioning does not match; scores are no read",
    ReasonCode.STRATUM_SUSPENDED: "AI reading is suspended for this device",
    ReasonCode.OBJECTED: "the woman objected to AI reading; no inference was run",
    ReasonCode.NOT_LICENSED: "the policy has no licence or protocol for this AI use",
    ReasonCode.TIMED_OUT: "the AI read did not arrive in time",
    ReasonCode.MODEL_FAILED: "the model failed on this exam",
    ReasonCode.MODEL_UNUSABLE: "the model cannot be loaded as its card says",
    ReasonCode.MODALITY_OUT_OF_SCOPE: "no image is of a kind that this reader reads",
    ReasonCode.VENDOR_OUT_OF_SCOPE: "this reader does not read images of this manufacturer",
    ReasonCode.VIEWS_OUT_OF_SCOPE: "no image is of a view that this reader reads",
    ReasonCode.AGE_OUT_OF_SCOPE: "the woman's age is unknown or not one that this reader is meant for",
    ReasonCode.CAD_SR_MISSING: "the exam holds no CAD report of this product",
    ReasonCode.CAD_SR_AMBIGUOUS: "the exam holds CAD reports of several products, and none is configured",
    ReasonCode.CAD_SR_INVALID: "the CAD report is broken or is no Mammography CAD report (TID 4000)",
    ReasonCode.MARK_ELSEWHERE: "a mark of another product lies on an image or at a place that this exam does not have",
    ReasonCode.MARK_NOT_UNDERSTOOD: "a mark of another product is of a kind that has no counterpart here",
    ReasonCode.NOT_READ_BY_PRODUCT: "the other product did not read this image, or failed on it",
    ReasonCode.READER_UNREACHABLE: "the remote reader cannot be reached",
    ReasonCode.ANSWER_INVALID: "the answer of the reader breaks its schema or contradicts the exam",
    ReasonCode.WINDOW_UNUSABLE: "the window is empty, zero or of unknown function; the full range is used",
    ReasonCode.MODALITY_MISMATCH: "the modality disagrees with the SOP class; the SOP class decides",
    ReasonCode.INTENT_MISMATCH: "the presentation intent disagrees with the SOP class; the SOP class decides",
    ReasonCode.TRAILING_BYTES: "bytes after the pixel data are ignored",
    ReasonCode.IMPLANT_PRESENT: "an implant is present",
    ReasonCode.STUDY_SPLIT: "came under another Study Instance UID; joined by woman, accession number and date",
    ReasonCode.SCORE_NOT_STATED: "the other product states no score for a mark; a mark counts as its highest score",
    ReasonCode.PRIOR_REFUSED: "the prior exam is not an older one of the same woman; the exam is read without it",
    ReasonCode.PRIOR_UNUSABLE: "the prior image cannot be compared with; the view is read without it",
    ReasonCode.NO_PREAMBLE: "the file has no preamble; read as plain data set",
}
"""One sentence per code, for people; the codes themselves are the interface."""


@dataclass(frozen=True)
class Exclusion:
    """One stored object that fills no slot, and why."""

    sop_instance_uid: SopInstanceUid
    reason: ReasonCode
    detail: str = ""

    @property
    def text(self) -> str:
        """The sentence for people."""
        return TEXTS[self.reason] + (f" ({self.detail})" if self.detail else "")


class QualityCode(StrEnum):
    """What a radiographer could do better on one image; never a reason to refuse it. `QUALITY_TEXTS` explains each."""

    BREAST_CUT_OFF = "breast_cut_off"
    NIPPLE_NOT_IN_PROFILE = "nipple_not_in_profile"
    PECTORAL_MISSING = "pectoral_missing"
    PECTORAL_SHORT = "pectoral_short"
    INFRAMAMMARY_FOLD_MISSING = "inframammary_fold_missing"
    MOTION_BLUR = "motion_blur"
    NOISE = "noise"
    ARTEFACT = "artefact"


QUALITY_TEXTS: dict[QualityCode, str] = {
    QualityCode.BREAST_CUT_OFF: "part of the breast lies outside the image",
    QualityCode.NIPPLE_NOT_IN_PROFILE: "the nipple is not in profile",
    QualityCode.PECTORAL_MISSING: "no pectoral muscle is seen in the oblique view",
    QualityCode.PECTORAL_SHORT: "the pectoral muscle ends above the level of the nipple",
    QualityCode.INFRAMAMMARY_FOLD_MISSING: "the inframammary fold is not seen in the oblique view",
    QualityCode.MOTION_BLUR: "the image is blurred, as by motion",
    QualityCode.NOISE: "the image is noisier than usual",
    QualityCode.ARTEFACT: "something in the image is no breast: an artefact",
}
"""One sentence per code, for people."""


QUALITY_MEASURES: dict[QualityCode, tuple[str, str]] = {
    QualityCode.BREAST_CUT_OFF: ("length of the skin line that is missing", "mm"),
    QualityCode.NIPPLE_NOT_IN_PROFILE: ("how far the nipple stands out of the skin line", "mm"),
    QualityCode.PECTORAL_MISSING: ("step of grey across the edge of the muscle", "of the grey range"),
    QualityCode.PECTORAL_SHORT: ("how far above the level of the nipple the muscle ends", "mm"),
    QualityCode.INFRAMAMMARY_FOLD_MISSING: ("depth of the notch below the breast", "mm"),
    QualityCode.MOTION_BLUR: ("loss of detail in the direction that lost most", "dB"),
    QualityCode.NOISE: ("noise above detail", "dB"),
    QualityCode.ARTEFACT: ("the strongest trace of one against the limit for its kind", "times the limit"),
}
"""What the value of a note is, for people, and its unit."""

QUALITY_UNMEASURED, QUALITY_NOTHING = "not measured", "measured, nothing to note"
"""What is said of an exam whose reader does not measure, and of one where it measured and has no remark."""


@dataclass(frozen=True)
class QualityNote:
    """One remark on the quality of one image; what `value` is, and its unit, is in `QUALITY_MEASURES`."""

    sop_instance_uid: SopInstanceUid
    code: QualityCode
    value: float

    @property
    def text(self) -> str:
        """The sentence for people."""
        return QUALITY_TEXTS[self.code]

    @property
    def unit(self) -> str:
        """Unit of the value."""
        return QUALITY_MEASURES[self.code][1]

    @property
    def measured(self) -> str:
        """The value with its unit.

        >>> QualityNote(SopInstanceUid("1.2"), QualityCode.NOISE, 7.512).measured
        '7.51 dB'
        """
        return f"{self.value:.3g} {self.unit}"
