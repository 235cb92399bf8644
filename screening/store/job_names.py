"""What enqueuing and working off must agree on; a change here strands jobs that are already stored."""

from __future__ import annotations

from typing import Final

from dbos import DBOSPortableJSONSerializer

APPLICATION: Final = "secondread"
APPLICATION_VERSION: Final = "jobs-1"
"""Version of the job format, not of the source: jobs of an older build go on after an upgrade."""

QUEUE: Final = "studies"
WORKFLOW: Final = "secondread_job"


def serializer() -> DBOSPortableJSONSerializer:
    """JSON, never pickle, for everything the job engine stores."""
    return DBOSPortableJSONSerializer()
