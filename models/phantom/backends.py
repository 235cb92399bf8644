"""Where images are formed: numpy by default, torch on any device it knows; same steps, nearly the same pixels.

Only what is costly lives here: bringing fields to the detector's pixels, detection, and processing For Presentation;
in a volume, shearing layers into projections, filtering them, and adding them up again. Random numbers are drawn by
numpy whatever computes, so that the same request has the same noise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import scipy.fft

from models.phantom.fields import BASE_MM, KERNEL, positions, resample
from models.phantom.physics import FAT_PER_MM, LEAST_SIGNAL, SCATTER_SHARE, detect, log_signal
from models.phantom.spec import MAX_VALUE
from models.phantom.vendors import DETAIL_MM, equalised, present

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from numpy.typing import NDArray

    from models.phantom.fields import Frame
    from models.phantom.vendors import Exposure, VendorStyle

    Image = NDArray[np.float32]

_ROLL_OFF = 4.5
_KNEE = 0.35


class BackProjection(Protocol):
    """Filtered projections of one sweep, ready to be added up at any height."""

    def at(self, shifts: Sequence[float], rows: int) -> Image:
        """Return the mean of the projections, each read from row `shift` on, fractions interpolated."""
        ...


class Backend(Protocol):
    """The costly steps of image formation; images are float32 (rows, cols) of a frame, fields of the base grid."""

    def resample(self, field: Image, frame: Frame) -> Image:
        """Interpolate a field to a frame; see `fields.resample`."""
        ...

    def detect(self, attenuation: Image, scatter: Image, frame: Frame, sharpness_mm: float) -> Image:
        """Return the linear signal of an image's attenuation and a field of scatter; see `physics.detect`."""
        ...

    def present(
        self,
        signal: Image,
        thickness_mm: Image,
        inside_mm: Image,
        exposure: Exposure,
        style: VendorStyle,
        frame: Frame,
    ) -> NDArray[np.uint16]:
        """Return a signal For Presentation; thickness and distance from the skin are fields. See `vendors`."""
        ...

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

    def resample(self, field: Image, frame: Frame) -> Image:
        """See `Backend`."""
        return resample(field, frame)

    def detect(self, attenuation: Image, scatter: Image, frame: Frame, sharpness_mm: float) -> Image:
        """See `Backend`."""
        return detect(attenuation, resample(scatter, frame), frame.pixel_mm, sharpness_mm)

    def present(
        self,
        signal: Image,
        thickness_mm: Image,
        inside_mm: Image,
        exposure: Exposure,
        style: VendorStyle,
        frame: Frame,
    ) -> NDArray[np.uint16]:
        """See `Backend`."""
        flat = equalised(log_signal(signal), resample(thickness_mm, frame), style)
        return present(flat, resample(inside_mm, frame), exposure, style, frame)

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

    def resample(self, field: Image, frame: Frame) -> Image:
        """See `Backend`."""
        return _back(self._resampled(field, frame))

    def detect(self, attenuation: Image, scatter: Image, frame: Frame, sharpness_mm: float) -> Image:
        """See `Backend`."""
        reached = (-self._tensor(attenuation)).exp() + self._resampled(scatter, frame)
        return _back(self._blurred(reached / (1.0 + SCATTER_SHARE), sharpness_mm, frame.pixel_mm))

    def present(
        self,
        signal: Image,
        thickness_mm: Image,
        inside_mm: Image,
        exposure: Exposure,
        style: VendorStyle,
        frame: Frame,
    ) -> NDArray[np.uint16]:
        """See `Backend`."""
        thick = style.equalisation * FAT_PER_MM * self._resampled(thickness_mm, frame)
        flat = -self._tensor(signal).clamp(min=LEAST_SIGNAL).log() - thick
        shown = flat + style.detail * (flat - self._blurred(flat, DETAIL_MM, frame.pixel_mm))
        shown += style.local * (flat - self._resampled(exposure.background, frame))
        tone = ((shown - exposure.low) / exposure.span * 0.95 + 0.12).clamp(min=0.0)
        tone = style.ceiling * (1.0 - (-((tone / 0.75) ** style.gamma)).exp())
        edge = (self._resampled(inside_mm, frame) / (2.0 * frame.pixel_mm) + 0.5).clamp(0.0, 1.0)
        return np.asarray(_back((tone * edge * MAX_VALUE).clamp(0, MAX_VALUE) + 0.5), np.uint16)

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

    def _resampled(self, field: Image, frame: Frame) -> torch.Tensor:
        step = frame.pixel_mm / BASE_MM
        start = (frame.top * step, frame.left * step)
        return self._stretched(self._tensor(field), (frame.rows, frame.cols), step, start)

    def _stretched(
        self, field: torch.Tensor, shape: tuple[int, int], step: float, start: tuple[float, float] = (0.0, 0.0)
    ) -> torch.Tensor:
        """Interpolate linearly along both axes, as `fields` does."""
        for axis in (0, 1):
            at = self._tensor(positions(shape[axis], step, field.shape[axis], start[axis]))
            low = at.long()
            near, far = field.index_select(axis, low), field.index_select(axis, low + 1)
            part = at - low
            field = near + (far - near) * (part[:, None] if axis == 0 else part)
        return field

    def _blurred(self, image: torch.Tensor, sigma_mm: float, pixel_mm: float) -> torch.Tensor:
        """Blur as `fields.blur`, wide kernels on a coarser grid."""
        from torch.nn import functional

        sigma = sigma_mm / pixel_mm
        if sigma < KERNEL.least:
            return image
        step = int(sigma // KERNEL.coarse)
        if step < 2:
            return self._gaussian(image, sigma)
        rows, cols = image.shape
        padded = functional.pad(image[None, None], (0, -cols % step, 0, -rows % step), mode="replicate")
        small = functional.avg_pool2d(padded, step)[0, 0]
        return self._stretched(self._gaussian(small, sigma / step), (rows, cols), 1.0 / step)

    def _gaussian(self, image: torch.Tensor, sigma: float) -> torch.Tensor:
        """Convolve with a Gaussian of scipy's length along both axes, edges held."""
        from torch.nn import functional

        reach = int(KERNEL.truncate * sigma + 0.5)
        weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
        kernel = self._tensor(np.asarray(weights / weights.sum(), np.float32))
        found = functional.pad(image[None, None], (reach, reach, reach, reach), mode="replicate")
        return functional.conv2d(functional.conv2d(found, kernel.view(1, 1, -1, 1)), kernel.view(1, 1, 1, -1))[0, 0]

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


CPU = NumpyBackend()


def _back(tensor: torch.Tensor) -> Image:
    """A tensor as numpy."""
    return np.asarray(tensor.cpu().numpy(), np.float32)


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
