"""Runs exported graphs with onnxruntime on the CPU, float32 only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnxruntime

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


class OnnxRuntimeEngine:
    """Runs ONNX files handed over as bytes, their hashes checked before. `threads` None leaves the library's choice."""

    name = "onnxruntime"
    precision = "f32"

    def __init__(self, files: Mapping[str, bytes], threads: int | None = None) -> None:
        onnxruntime.disable_telemetry_events()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.use_deterministic_compute = True
        self._sessions = {
            name: onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
            for name, data in files.items()
        }
        self._names = {name: [i.name for i in session.get_inputs()] for name, session in self._sessions.items()}

    @property
    def runtime(self) -> str:
        """The library's version."""
        return f"onnxruntime {onnxruntime.__version__} cpu"

    def run(self, graph: str, *inputs: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Return the outputs of a graph. Raises KeyError for a graph that the model does not have."""
        given = {name: np.ascontiguousarray(value) for name, value in zip(self._names[graph], inputs, strict=True)}
        return tuple(self._sessions[graph].run(None, given))
