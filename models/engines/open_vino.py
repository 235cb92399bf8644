"""Runs exported graphs with OpenVINO on the CPU.

Left alone, OpenVINO computes in whatever precision the processor is fastest at; here it is pinned. Left alone, the
import of `openvino` reports to its maker over the network and keeps an identifier in the home directory: the package
that does so is made unimportable first, on which OpenVINO uses its own stub that does nothing.
"""

from __future__ import annotations

import sys
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from models.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray


def quiet_openvino() -> Any:
    """Return the module `openvino`, imported without its telemetry. Raises ImportError when it is not installed.

    The block stays for the life of the process, for parts of the package that are imported later.
    """
    if "openvino" not in sys.modules:
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino

    return openvino


class OpenVinoEngine:
    """Runs ONNX files handed over as bytes, their hashes already checked.

    `precision` f32 pins float32 arithmetic and accuracy over speed; bf16 is the explicit fast mode. `threads` None
    leaves the library's choice. Raises EngineUnavailable where the processor has no such arithmetic: OpenVINO would
    take another in silence, and the stamp on a score would lie.
    """

    name = "openvino"

    def __init__(self, files: Mapping[str, bytes], precision: str = "f32", threads: int | None = None) -> None:
        openvino = quiet_openvino()
        self.precision = precision
        self.runtime = f"openvino {openvino.__version__.split('-')[0]} cpu"
        settings: dict[str, object] = {
            "INFERENCE_PRECISION_HINT": precision,
            "EXECUTION_MODE_HINT": "ACCURACY" if precision == "f32" else "PERFORMANCE",
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": "1",
        }
        if threads is not None:
            settings["INFERENCE_NUM_THREADS"] = threads
        core = openvino.Core()
        compiled = {
            name: core.compile_model(core.read_model(data, b""), "CPU", settings) for name, data in files.items()
        }
        _check(precision, compiled.values())
        self._requests = {name: model.create_infer_request() for name, model in compiled.items()}
        self._lock = Lock()

    def run(self, graph: str, *inputs: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Return the outputs of a graph, one caller at a time. Raises KeyError for a graph the model does not have."""
        request = self._requests[graph]
        with self._lock:
            found = request.infer([np.ascontiguousarray(value) for value in inputs])
            return tuple(np.array(found[output], np.float32) for output in request.model_outputs)


def _check(precision: str, compiled: Iterable[Any]) -> None:
    """Compare what OpenVINO says it computes in with what was asked for."""
    taken = {model.get_property("INFERENCE_PRECISION_HINT").get_type_name() for model in compiled}
    if taken - {precision}:
        raise EngineUnavailable(f"openvino computes in {', '.join(sorted(taken))} here, not in {precision}")
