"""Settings: the only place that reads environment variables. Every field is in the generated settings table."""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import Path

from pydantic import Field, ValidationError, field_validator
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
    calibrations_dir: Path | None = Field(None, description="Folder of further calibrations, one TOML file each.")
    log_level: str = Field("WARNING", description="Lowest level that is logged; DEBUG also shows tracebacks.")
    host: str = Field("127.0.0.1", description="Address that `serve` listens on.")
    port: int = Field(8470, ge=0, le=65535, description="Port that `serve` listens on.")

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, level: str) -> str:
        if level.upper() not in logging.getLevelNamesMapping():
            raise ValueError("no such level")
        return level.upper()

    @property
    def database(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'secondread.db'}"


@lru_cache
def settings() -> Settings:
    """The settings of this process, read once. Raises InvalidInput with the variables that are wrong."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = [f"SECONDREAD_{'.'.join(map(str, item['loc'])).upper()}: {item['msg']}" for item in error.errors()]
        raise InvalidInput("; ".join(wrong)) from error
