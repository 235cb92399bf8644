"""The composition root: the only place that builds adapters and joins them to the use cases.

Torch, pixel decoders and FHIR models are imported when first needed, so that `--help` and the web process stay light.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from screening.app.correlation import Following, tell_taken_up
from screening.app.health import checkup_of
from screening.app.metrics import Metrics, StoreCollector
from screening.app.output import writing
from screening.app.readers import ai_reader as ai_reader
from screening.app.settings import Settings
from screening.app.system import RandomIds, SystemClock
from screening.domain.delivery import Destination
from screening.domain.errors import NotFound, PartnerRefused, PartnerUnreachable, PolicyNotFound
from screening.domain.identifiers import CaseId, StudyInstanceUid
from screening.domain.policy import Policy
from screening.store.catalogue import SqlCatalogue
from screening.store.files import ContentFiles
from screening.store.jobs import ParkedJob, forget_done, open_client
from screening.store.open import open_store
from screening.store.runner import Handler, JobRunner
from screening.store.uow import SqlUnits
from screening.store.vitals import SqlVitals
from screening.web.operations import Operations
from screening.workflow.await_exam import FETCH_JOB, take_up_due
from screening.workflow.check_up import Checkup
from screening.workflow.commit_storage import COMMITMENT_JOB, answer_commitment
from screening.workflow.compose_report import compose_report
from screening.workflow.deliver_results import (
    CHECK_JOB,
    PLAN_JOB,
    SEND_JOB,
    check_commitment,
    plan_deliveries,
    put_off,
    send_result,
)
from screening.workflow.fetch_prior import fetch_prior, priors_asked
from screening.workflow.open_case import AI_READ_JOB
from screening.workflow.policies import policy_json, shipped_policies
from screening.workflow.ports import (
    AiReader,
    CadSrWriter,
    Clock,
    FileLocator,
    Ids,
    InstanceReader,
    PixelSource,
    ReportWriter,
)
from screening.workflow.read_by_ai import read_by_ai
from screening.workflow.release import COMPOSE_REPORT_JOB
from screening.workflow.rescore import RESCORE_JOB

if TYPE_CHECKING:
    from screening.dicom.network.listener import StoreListener
    from screening.web.dicomweb.archive import Archive

VERSION = version("secondread")

FORGETTABLE: Final = (AI_READ_JOB, COMPOSE_REPORT_JOB, COMMITMENT_JOB, FETCH_JOB, PLAN_JOB, SEND_JOB, CHECK_JOB)
"""Jobs whose records may go: what they did is a fact, row or report of the store, which a second one finds and leaves.

Any other job keeps its record for ever: that its key is remembered may be all that keeps it from being done twice.
"""


class Service:
    """One running installation: settings, store, clock, and everything built on them when first used."""

    def __init__(self, settings: Settings, clock: Clock | None = None, ids: Ids | None = None) -> None:
        """Open the store of these settings, bring it to this version's schema, and keep the policy for new cases."""
        with writing(settings.data_dir):
            settings.data_dir.mkdir(parents=True, exist_ok=True)
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.ids: Ids = ids or RandomIds()
        self._engine = open_store(settings.database)
        self.units = SqlUnits(self._engine)
        self.vitals = SqlVitals(self._engine)
        self.files = ContentFiles(settings.data_dir / "files")
        self.policy = shipped_policy(settings.policy)
        with self.units() as uow:
            uow.policies.save(self.policy, policy_json(self.policy.id))

    @cached_property
    def ai_reader(self) -> AiReader:
        """The AI reader; loads the model once per process."""
        with self.metrics.loading():
            return ai_reader(self.settings, self.files)

    @cached_property
    def metrics(self) -> Metrics:
        """Figures of this process and of the store."""
        metrics = Metrics()
        metrics.registry.register(StoreCollector(self.vitals, self.settings.data_dir, self.clock.now))
        return metrics

    @cached_property
    def following(self) -> Following:
        """Follows work on an exam through logs and figures."""
        return Following(self.vitals, self.metrics)

    @cached_property
    def destinations(self) -> Mapping[str, Destination]:
        """Where results go, by name."""
        from screening.app.listening import network_of

        return {destination.name: destination for destination in network_of(self.settings).destination}

    @cached_property
    def checkup(self) -> Callable[[], Checkup]:
        """Asks how the service is."""
        return checkup_of(self.settings, self.vitals, self.clock)

    def handlers(self) -> Mapping[str, Handler]:
        """What each durable job does; doing one again changes nothing."""
        return {
            AI_READ_JOB: self._read_by_ai,
            COMPOSE_REPORT_JOB: self._compose_report,
            COMMITMENT_JOB: self._answer_commitment,
            FETCH_JOB: self._fetch_prior,
            PLAN_JOB: self._plan_deliveries,
            SEND_JOB: self._send_result,
            CHECK_JOB: self._check_commitment,
        }

    def runner(self, bulk: bool = False) -> JobRunner:
        """A worker for the durable jobs of this store; with `bulk` also for those that wait behind everything live."""
        more = {RESCORE_JOB: self._rescore} if bulk else None
        return JobRunner(self._engine, self.handlers(), bulk=more, around=self.following.job)

    def listener(self) -> StoreListener:
        """The DICOM listener of this installation, not yet started."""
        from screening.app.listening import store_listener

        return store_listener(self.settings, self.units, self.files, self.clock, self.metrics, self.following)

    def archive(self) -> Archive:
        """What DICOMweb stores to, searches and retrieves from."""
        from screening.app.listening import patience_of
        from screening.app.receiving import receiver
        from screening.dicom.web.storing import StowLimits
        from screening.web.dicomweb.archive import Archive

        limits = StowLimits(spare_bytes=self.settings.dicom_spare_mib << 20)
        patience, kept = patience_of(self.settings), self.metrics.kept
        keep = receiver(self.units, self.files, self.clock, self.settings.site, patience, kept)
        return Archive(SqlCatalogue(self._engine), self.files, keep, self.settings.data_dir / "uploading", limits)

    def take_up_exams(self) -> list[CaseId]:
        """Open or bring up to date the cases of exams that came over the network and are complete."""
        return take_up_due(self.units, self.clock, self.policy, tell_taken_up)

    def parked_jobs(self) -> Sequence[ParkedJob]:
        """Jobs that wait for a person, with the code of what went wrong."""
        return self.runner().parked_jobs()

    def forget_jobs(self) -> int:
        """Remove the records of jobs done long ago, where the store itself keeps them from being done twice."""
        before = datetime.now(UTC) - timedelta(days=self.settings.job_retention_days)
        client = open_client(self._engine)
        try:
            return forget_done(client, before, FORGETTABLE)
        finally:
            client.destroy()

    def retry_jobs(self, keys: Iterable[str]) -> None:
        """Put parked jobs back. Raises NotFound."""
        runner = self.runner()
        for key in keys:
            runner.retry_parked(key)

    def operations(self) -> Operations:
        """The ports the HTTP face works with."""
        return Operations(
            units=self.units,
            clock=self.clock,
            ids=self.ids,
            files=self.files,
            instances=instance_reader(),
            reports=report_writer(),
            policy=lambda: self.policy,
            unit=self.settings.site,
            organisation=self.settings.organisation,
        )

    def close(self) -> None:
        """Let go of the store."""
        self.units.close()
        self._engine.dispose()

    def _read_by_ai(self, study: str, case: str) -> None:
        read = read_by_ai(self.units, self.ai_reader, pixel_source(self.files), self.clock, CaseId(case))
        if read is not None:
            self.metrics.ai_read(read, self.vitals.first_image_at(study), self.clock.now())

    def _compose_report(self, _study: str, case: str) -> None:
        with self.units() as uow:
            compose_report(uow, CaseId(case), self.settings.organisation)

    def _rescore(self, run: str, chunk: str) -> None:
        from screening.app.rescoring.working import chunk_work

        chunk_work(self).do(run, int(chunk))

    def _answer_commitment(self, transaction: str) -> None:
        from screening.app.listening import send_commitment

        with self.units() as uow:
            request, result = answer_commitment(uow, transaction)
        send_commitment(self.settings, request, result)

    def _fetch_prior(self, study: str, exam: str) -> None:
        from screening.app.listening import archives_of

        try:
            fetch_prior(self.units, archives_of(self.settings), StudyInstanceUid(study))
        finally:
            with self.units() as uow:
                priors_asked(uow, exam)

    def _plan_deliveries(self, study: str, case: str) -> None:
        with self.units() as uow:
            plan_deliveries(uow, self.clock, StudyInstanceUid(study), CaseId(case), self.destinations.values())

    def _send_result(self, study: str, run: str, destination: str, attempt: str) -> None:
        from screening.app.delivering import DicomResultSender

        sender = DicomResultSender(self.settings.dicom_title, self.files, pixel_source(self.files))
        try:
            send_result(self.units, self.clock, sender, self._destination(destination), run, int(attempt))
            self.metrics.delivered(self.vitals.first_image_at(study), self.clock.now())
        except PartnerUnreachable as error:
            with self.units() as uow:
                later = put_off(uow, self.clock, run, destination, error.code)
            if not later:
                raise

    def _check_commitment(self, _study: str, run: str, destination: str, attempt: str) -> None:
        with self.units() as uow:
            again = check_commitment(uow, self.clock, run, destination, int(attempt))
        if not again:
            raise PartnerRefused("the destination does not say that it keeps the results")

    def _destination(self, name: str) -> Destination:
        if name not in self.destinations:
            raise NotFound(f"no destination is called {name!r} any more")
        return self.destinations[name]


@contextmanager
def open_service(settings: Settings, clock: Clock | None = None, ids: Ids | None = None) -> Iterator[Service]:
    """A service for the length of a block."""
    service = Service(settings, clock, ids)
    try:
        yield service
    finally:
        service.close()


def shipped_policy(policy_id: str) -> Policy:
    """A shipped policy by id. Raises PolicyNotFound with the known ids."""
    policies = shipped_policies()
    if policy_id not in policies:
        raise PolicyNotFound(f"no policy is called {policy_id!r}; known: {', '.join(sorted(policies))}")
    return policies[policy_id]


def pixel_source(files: FileLocator) -> PixelSource:
    """Decodes stored images."""
    from screening.dicom.pixel_source import DicomPixelSource

    return DicomPixelSource(files)


def instance_reader() -> InstanceReader:
    """Describes DICOM files."""
    from screening.dicom.instance_reader import DicomInstanceReader

    return DicomInstanceReader()


def cad_sr_writer() -> CadSrWriter:
    """Writes AI reads for the PACS."""
    from screening.dicom.cad_sr import MammographyCadSrWriter

    return MammographyCadSrWriter()


def report_writer() -> ReportWriter:
    """Writes reports as FHIR and as text."""
    from fhir_gateway.fhir.report import FhirReportWriter

    return FhirReportWriter()
