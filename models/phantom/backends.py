"""Where tomosynthesis computes: numpy by default, torch on any device it knows; same steps, nearly the same voxels.

Only what is costly in a volume lives here: shearing layers into projections, filtering them, and adding them up again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import scipy.fft

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from numpy.typing import NDArray

    Image = NDArray[np.float32]

_ROLL_OFF = 4.5
_KNEE = 0.35


class BackProjection(Protocol):
    """Filtered projections of one sweep, ready to be added up at any height."""

    def at(self, shifts: Sequence[float], rows: int) -> Image:
        """Return the mean of the projections, each read from row `shift` on, fractions interpolated."""
        ...


class Backend(Protocol):
    """The costly steps of tomosynthesis."""

    def sheared(self, layers: Image, shifts: Sequence[float]) -> Image:
        """Return the sum of layers (n, rows, cols), each moved down by its fractional `shift` of rows, edges held."""
        ...

    def filtered(self, projections: Sequence[Image], ramp: float, pixel_mm: float) -> BackProjection:
        """Filter projections along their rows' direction: ramp beside the plain image, rolled off at fine detail."""
        ...


def gains(count: int, ramp: float, pixel_mm: float) -> Image:
    """Return the filter's gain at each rfft frequency of `count` rows, float32."""
    frequency = np.fft.rfftfreq(count, pixel_mm)
    gain = (1.0 - ramp) + ramp * 2.2 * frequency / (frequency + _KNEE)
    return np.asarray(gain * np.exp(-((frequency / _ROLL_OFF) ** 2)), np.float32)


def padded_rows(rows: int) -> int:
    """Return a length that transforms fast and keeps the filter's ends apart."""
    return int(scipy.fft.next_fast_len(rows + 64, real=True))


class NumpyBackend:
    """Numpy and scipy on the CPU."""

    def sheared(self, layers: Image, shifts: Sequence[float]) -> Image:
        """See `Backend`."""
        total = np.zeros(layers.shape[1:], np.float32)
        for layer, shift in zip(layers, shifts, strict=True):
            total += shifted_rows(layer, shift)
        return total

    def filtered(self, projections: Sequence[Image], ramp: float, pixel_mm: float) -> NumpyBackProjection:
        """See `Backend`."""
        count = padded_rows(projections[0].shape[0])
        gain = gains(count, ramp, pixel_mm)[:, None]
        return NumpyBackProjection([_convolved(image, gain, count) for image in projections])


class NumpyBackProjection:
    """Filtered projections in memory."""

    def __init__(self, images: Sequence[Image]) -> None:
        self._images = images

    def at(self, shifts: Sequence[float], rows: int) -> Image:
        """See `BackProjection`."""
        total = np.zeros((rows, self._images[0].shape[1]), np.float32)
        for image, shift in zip(self._images, shifts, strict=True):
            whole = int(np.floor(shift))
            part = np.float32(shift - whole)
            total += _rows(image, whole, rows) * (1 - part)
            total += _rows(image, whole + 1, rows) * part
        return total / np.float32(len(self._images))


class TorchBackend:
    """Torch on `device`, such as `cuda` or `cpu`; arrays come and go as numpy."""

    def __init__(self, device: str) -> None:
        self._device = device

    def sheared(self, layers: Image, shifts: Sequence[float]) -> Image:
        """See `Backend`."""
        stack = self._tensor(layers)
        last = stack.shape[1] - 1
        rows = self._arange(stack.shape[1])
        total = stack.new_zeros(stack.shape[1:])
        for layer, shift in zip(stack, shifts, strict=True):
            whole = int(np.floor(shift))
            near, far = layer[(rows - whole).clamp(0, last)], layer[(rows - whole - 1).clamp(0, last)]
            total += near + (shift - whole) * (far - near)
        return np.asarray(total.cpu().numpy(), np.float32)

    def filtered(self, projections: Sequence[Image], ramp: float, pixel_mm: float) -> TorchBackProjection:
        """See `Backend`."""
        import torch

        stack = self._tensor(np.stack(projections))
        rows, count = stack.shape[1], padded_rows(stack.shape[1])
        tail = stack[:, -1:].expand(-1, count - rows, -1)
        spectrum = torch.fft.rfft(torch.cat([stack, tail], 1), dim=1)
        spectrum *= self._tensor(gains(count, ramp, pixel_mm))[:, None]
        return TorchBackProjection(torch.fft.irfft(spectrum, n=count, dim=1)[:, :rows], self)

    def _tensor(self, array: Image) -> torch.Tensor:
        import torch

        return torch.from_numpy(np.ascontiguousarray(array)).to(self._device)

    def _arange(self, count: int) -> torch.Tensor:
        import torch

        return torch.arange(count, device=self._device)


class TorchBackProjection:
    """Filtered projections (n, rows, cols) on a device."""

    def __init__(self, stack: torch.Tensor, backend: TorchBackend) -> None:
        self._stack, self._backend = stack, backend

    def at(self, shifts: Sequence[float], rows: int) -> Image:
        """See `BackProjection`."""
        wanted = self._backend._arange(rows)
        total = self._stack.new_zeros((rows, self._stack.shape[2]))
        last = self._stack.shape[1] - 1
        for image, shift in zip(self._stack, shifts, strict=True):
            whole = int(np.floor(shift))
            near, far = image[(wanted + whole).clamp(0, last)], image[(wanted + whole + 1).clamp(0, last)]
            total += near + (shift - whole) * (far - near)
        return np.asarray((total / len(self._stack)).cpu().numpy(), np.float32)


def shifted_rows(image: Image, shift: float) -> Image:
    """Move an image down by a fractional number of rows; edges are held."""
    whole = int(np.floor(shift))
    part = np.float32(shift - whole)
    rows = np.arange(image.shape[0]) - whole
    near = image[np.clip(rows, 0, image.shape[0] - 1)]
    far = image[np.clip(rows - 1, 0, image.shape[0] - 1)]
    return np.asarray(near + part * (far - near), np.float32)


def _convolved(image: Image, gain: Image, count: int) -> Image:
    """One projection with its rows' spectrum weighed by `gain`."""
    padded = np.pad(image, ((0, count - image.shape[0]), (0, 0)), mode="edge")
    spectrum = scipy.fft.rfft(padded, axis=0) * gain
    return np.asarray(scipy.fft.irfft(spectrum, n=count, axis=0)[: image.shape[0]], np.float32)


def _rows(image: Image, start: int, count: int) -> Image:
    """Rows of an image from `start` on; edges are held where it ends."""
    if start >= 0 and start + count <= image.shape[0]:
        return image[start : start + count]
    return image[np.clip(np.arange(start, start + count), 0, image.shape[0] - 1)]
