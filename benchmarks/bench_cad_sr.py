"""Time to write one Mammography CAD SR with eight marks; run as `python benchmarks/bench_cad_sr.py`."""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from screening.dicom.cad_sr import MammographyCadSrWriter
from screening.domain.study import Slot
from tests.dicom_out.samples import AT, OK_READ, STUDY, region

RUNS = 50


def main() -> None:
    """Print median and worst milliseconds of process time, and the size."""
    read = replace(OK_READ, regions=tuple(region(slot) for slot in Slot for _ in range(2)))
    writer, spent = MammographyCadSrWriter(), []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cad.dcm"
        for _ in range(RUNS):
            start = time.process_time()
            writer.write(STUDY, read, AT, path)
            spent.append(1000 * (time.process_time() - start))
        size = path.stat().st_size
    print(
        f"CAD SR, 4 images, 8 marks: median {statistics.median(spent):.1f} ms, worst {max(spent):.1f} ms, {size} bytes"
    )


if __name__ == "__main__":
    main()
