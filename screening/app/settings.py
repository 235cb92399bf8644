"""Settings: the only place that reads environment variables. Every field is in the generated settings table."""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from screening.domain.errors import InvalidInput


class Settings(BaseSettings):
    """What an installation may change, each with a default that works on one machine without any server."""

    model_config = SettingsConfigDict(env_prefix="SECONDREAD_", extra="ignore", frozen=True)

    data_dir: Path = Field(Path("secondread-data"), description="Folder of the embedded database and the DICOM files.")
    database_url: str = Field("", description="SQLAlchemy URL; empty means SQLite in the data folder.")
    policy: str = Field("double-human+ai", description="Policy pinned to new cases.")
    site: str = Field("", description="Screening unit; empty takes the institution of the exam.")
    organisation: str = Field("Screening programme", description="Name of the reporting organisation.")
    model: str = Field("", description="AI model by name; empty means the default model.")
    engine: Literal["auto", "torch", "onnxruntime", "openvino"] = Field(
        "auto", description="Inference engine of the native reader; auto takes the best one available."
    )
    precision: Literal["f32", "bf16"] = Field("f32", description="Arithmetic of the native reader.")
    readers: str = Field(
        "native", description="Active AI readers by name, separated by commas; the first reads the cases."
    )
    cad_sr_product: str = Field(
        "",
        description="Word in the name of the product whose CAD reports the cad-sr reader reads; empty: the only one.",
    )
    remote_reader_url: str = Field("", description="Base URL of the service that the http reader asks.")
    remote_reader_timeout_s: float = Field(120.0, gt=0, description="Seconds that one read over HTTP may take.")
    remote_reader_send: Literal["files", "ids"] = Field(
        "files", description="What the http reader sends: the DICOM files, or ids that the service looks up itself."
    )
    remote_reader_token: SecretStr = Field(SecretStr(""), description="Bearer token for that service, empty for none.")
    calibrations_dir: Path | None = Field(None, description="Folder of further calibrations, one TOML file each.")
    ray_address: str = Field(
        "", description="Ray cluster that reads the exams of `rescore`, as host:port; empty: none (extra `cluster`)."
    )
    log_level: str = Field(
        "WARNING",
        description="Lowest level that is logged; DEBUG also shows tracebacks. Unset, long-running processes log INFO.",
    )
    dicom_host: str = Field("127.0.0.1", description="Address that the DICOM listener listens on.")
    dicom_port: int = Field(0, ge=0, le=65535, description="Port of the DICOM listener within `serve`; 0: none.")
    dicom_title: str = Field("SECONDREAD", min_length=1, max_length=16, description="Our own AE title.")
    dicom_partners: Path | None = Field(
        None, description="TOML list of the application entities that may call; needed beyond this machine."
    )
    dicom_certificate: Path | None = Field(None, description="PEM file of certificate and key for DICOM over TLS.")
    dicom_authorities: Path | None = Field(
        None, description="PEM file of authorities that partners' certificates need."
    )
    dicom_spare_mib: int = Field(2048, ge=0, description="Free disk space in MiB below which nothing is taken in.")
    quiet_s: float = Field(60.0, gt=0, description="Seconds without a new image after which an exam is complete.")
    longest_wait_s: float = Field(900.0, gt=0, description="Seconds after its first image at which it is read anyway.")
    current_days: int = Field(180, ge=1, description="Age in days from which a study that arrives is a prior only.")
    selftest_minutes: float = Field(
        15.0, ge=0, description="Minutes between two synthetic exams that go through the DICOM listener; 0: none."
    )
    metrics_port: int = Field(
        0, ge=0, le=65535, description="Port of the Prometheus metrics of `listen` and `worker`, on `host`; 0: none."
    )
    drain_s: float = Field(
        60.0, ge=0, description="Seconds that associations, requests and jobs under way have to end on SIGTERM."
    )
    job_retention_days: float = Field(
        90.0, gt=0, description="Days after which the record of a job that was done is removed."
    )
    host: str = Field("127.0.0.1", description="Address that `serve` listens on.")
    port: int = Field(8470, ge=0, le=65535, description="Port that `serve` listens on.")

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, level: str) -> str:
        if level.upper() not in logging.getLevelNamesMapping():
            raise ValueError("no such level")
        return level.upper()

    @field_validator("readers")
    @classmethod
    def _some_reader(cls, names: str) -> str:
        if not _names(names):
            raise ValueError("at least one reader is active")
        return names

    @property
    def service_log_level(self) -> str:
        """The level for a process that runs until stopped: INFO unless one was chosen."""
        return self.log_level if "log_level" in self.model_fields_set else "INFO"

    @property
    def active_readers(self) -> tuple[str, ...]:
        """Names of the active readers, the one that reads the cases first."""
        return _names(self.readers)

    @property
    def database(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'secondread.db'}"


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


@lru_cache
def settings() -> Settings:
    """The settings of this process, read once. Raises InvalidInput with the variables that are wrong."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = [f"SECONDREAD_{'.'.join(map(str, item['loc'])).upper()}: {item['msg']}" for item in error.errors()]
        raise InvalidInput("; ".join(wrong)) from error
