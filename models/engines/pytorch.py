"""The reference engine: eager torch on the CPU or a CUDA device. Every other engine is compared with this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from models.architectures.graphs import Graph


class PyTorchEngine:
    """Runs the modules of the graphs, which must be in eval mode.

    `precision` bf16 is autocast. `device` is `cpu` or `cuda`, by default the latter where there is one. `threads` sets
    the threads of the whole process, None leaves them.
    """

    name = "torch"

    def __init__(
        self, graphs: Mapping[str, Graph], precision: str = "f32", device: str | None = None, threads: int | None = None
    ) -> None:
        self.precision = precision
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._modules = {name: graph.module.to(self._device) for name, graph in graphs.items()}
        if threads is not None:
            torch.set_num_threads(threads)

    @property
    def runtime(self) -> str:
        """Torch's version and the kind of device."""
        return f"torch {torch.__version__} {self._device.type}"

    def run(self, graph: str, *inputs: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Return the outputs of a graph. Raises KeyError for a graph that the model does not have."""
        given = (torch.from_numpy(np.ascontiguousarray(value)).to(self._device) for value in inputs)
        with (
            torch.inference_mode(),
            torch.backends.cudnn.flags(benchmark=False, deterministic=True, allow_tf32=False),
            torch.autocast(self._device.type, torch.bfloat16, enabled=self.precision == "bf16"),
        ):
            outputs = self._modules[graph](*given)
        return tuple(value.float().cpu().numpy() for value in outputs)
