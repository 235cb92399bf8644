"""Another product's CAD report, stored in the exam, as an AI read.

The product's scores are kept as they are; what they mean here only a calibration for that product can say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from readers.ai.calibration import Calibrations
from readers.external.answer import Answer, no_answer, read_of
from readers.external.marks import Mark
from readers.plugins.contract import ReaderContext, Scope
from screening.domain.ai_read import NOT_STATED, AiIdentity, AiRead, AiStatus
from screening.domain.cad_report import CadCompletion, CadFinding, CadReport, RenderingIntent
from screening.domain.errors import UnusableImage
from screening.domain.identifiers import is_ours
from screening.domain.quality import ReasonCode
from screening.domain.study import ImageKind, StoredObject, Study
from screening.workflow.ports import CadSrSource, PixelSource

CAD_SR_CLASS: Final = "1.2.840.10008.5.1.4.1.1.88.50"
"""Mammography CAD SR Storage (PS3.4 B.5)."""

LABEL: Final = "another product, read from its CAD report"
FORM: Final = "cad-sr-tid4000"

REFUSED: Final = {
    CadCompletion.FAILED: (AiStatus.FAILED, ReasonCode.MODEL_FAILED),
    CadCompletion.NOT_ATTEMPTED: (AiStatus.UNSUPPORTED, ReasonCode.NOT_READ_BY_PRODUCT),
}


class CadSrReader:
    """Reads the CAD report of one product; never decodes a pixel."""

    scope = Scope(kinds=frozenset({ImageKind.FFDM, ImageKind.FFDM_PROCESSING, ImageKind.DBT, ImageKind.SYNTHETIC_2D}))

    def __init__(self, reports: CadSrSource, calibrations: Calibrations, product: str = "") -> None:
        """`product` is a word in the manufacturer's or algorithm's name, case ignored; empty accepts a single one."""
        self._reports = reports
        self._calibrations = calibrations
        self._product = product

    @property
    def identity(self) -> AiIdentity:
        """The reader; a read is signed by the product that its report names."""
        return _identity("cad-sr", "1", self._product or NOT_STATED)

    @property
    def fingerprint(self) -> str:
        """Calibrations in force and the product chosen."""
        return f"{self._calibrations.fingerprint} {self._product}"

    def read(self, study: Study, pixels: PixelSource, site: str, prior: Study | None = None) -> AiRead:
        """Read the report back. Without one, or with a broken, ambiguous or failed one, the read is none."""
        stored = [item for item in study.others if item.sop_class_uid == CAD_SR_CLASS and not _own(item)]
        reports, broken = self._open(stored)
        chosen = self._choose(reports, broken)
        if isinstance(chosen, ReasonCode):
            return no_answer(study, self.identity, AiStatus.UNSUPPORTED, chosen)
        report, source = chosen
        identity = identity_of(report)
        if report.completion in REFUSED:
            return no_answer(study, identity, *REFUSED[report.completion])
        return read_of(study, _answer(study, report, source, identity), self._calibrations, site)

    def _open(self, stored: Sequence[StoredObject]) -> tuple[list[tuple[CadReport, StoredObject]], bool]:
        """The reports that can be read, and whether there is one that cannot."""
        reports: list[tuple[CadReport, StoredObject]] = []
        broken = False
        for item in stored:
            try:
                reports.append((self._reports.read(item), item))
            except UnusableImage:
                broken = True
        return reports, broken

    def _choose(
        self, reports: Sequence[tuple[CadReport, StoredObject]], broken: bool
    ) -> tuple[CadReport, StoredObject] | ReasonCode:
        """The latest report of the product; a broken one beside it could be the later, so it stands in the way."""
        if broken:
            return ReasonCode.CAD_SR_INVALID
        mine = [item for item in reports if self._product.casefold() in item[0].product.casefold()]
        if not mine:
            return ReasonCode.CAD_SR_MISSING
        if len({report.product for report, _ in mine}) > 1:
            return ReasonCode.CAD_SR_AMBIGUOUS
        return max(mine, key=lambda item: (item[0].made_at, item[0].sop_instance_uid))


def _own(item: StoredObject) -> bool:
    """Our own results are no second product."""
    return is_ours(item.sop_instance_uid)


def _identity(model: str, version: str, software: str) -> AiIdentity:
    return AiIdentity(
        model=model,
        version=version,
        weights_sha256=NOT_STATED,
        preprocessing=FORM,
        preprocessing_sha256=NOT_STATED,
        engine="dicom-cad-sr",
        precision=NOT_STATED,
        runtime=software or NOT_STATED,
        label=LABEL,
    )


def identity_of(report: CadReport) -> AiIdentity:
    """The product that made a report, as a calibration for it must name it."""
    software = " ".join(part for part in (report.model, report.software) if part)
    return _identity(report.product or NOT_STATED, report.version or NOT_STATED, software)


def _answer(study: Study, report: CadReport, source: StoredObject, identity: AiIdentity) -> Answer:
    """Images on which something succeeded and nothing failed; marks that are meant to be seen."""
    read = frozenset(
        image.sop_instance_uid
        for image in study.images
        if report.succeeded.holds(image.sop_instance_uid, image.series_instance_uid)
        and not report.failed.holds(image.sop_instance_uid, image.series_instance_uid)
    )
    shown = [finding for finding in report.findings if finding.intent is not RenderingIntent.NEVER]
    images = (image.digest for image in study.images if image.sop_instance_uid in read)
    return Answer(
        identity=identity,
        read=read,
        marks=tuple(map(_mark, shown)),
        digests=tuple(sorted((*images, source.digest))),
        density=report.density,
    )


def _mark(finding: CadFinding) -> Mark:
    raw = finding.probability if finding.certainty is None else finding.certainty
    return Mark(finding.image, finding.frame, finding.outline, finding.center, finding.type, raw)


def cad_sr(context: ReaderContext) -> CadSrReader:
    """The factory behind the entry point `cad-sr`."""
    return CadSrReader(context.cad_reports, context.calibrations, context.cad_sr_product)
