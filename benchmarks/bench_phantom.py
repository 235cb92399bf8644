"""How long the phantom takes: a mammogram and a tomosynthesis volume, fast for training and full for DICOM.

The peer is the same volume on torch: what a GPU would be asked to do, here on the CPU.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from models import phantom
from models.phantom.backends import TorchBackend


def main() -> None:
    """Print seconds per view and per volume."""
    fast, full = phantom.ExamSpec(), replace(phantom.ExamSpec(), mode="full").at_full_resolution()
    phantom.breast(1, fast, "L")
    print(f"{'phantom':<58}{'seconds':>9}")
    for name, work, share in (
        ("mammogram, fast mode, 640 x 512 at 0.3 mm", lambda: phantom.breast(2, fast, "L"), 2),
        ("mammogram, full mode, 2294 x 1914 at 0.1 mm", lambda: phantom.breast(2, full, "L"), 2),
        ("volume, fast mode, 640 x 512", lambda: phantom.tomosynthesis(2, fast, "L", "CC"), 1),
        ("volume, full mode, 2294 x 1914", lambda: phantom.tomosynthesis(2, full, "L", "CC"), 1),
        ("the same by torch", lambda: phantom.tomosynthesis(2, full, "L", "CC", backend=TorchBackend("cpu")), 1),
    ):
        print(f"{name:<58}{_seconds(work) / share:>9.2f}")
    slices = len(phantom.tomosynthesis(2, fast, "L", "CC").slices)
    print(f"(the volume has {slices} slices)")


def _seconds(work: Callable[[], object]) -> float:
    """Seconds of one run."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
