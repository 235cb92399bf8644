"""The figures of a report as plain shapes, drawn alike into SVG and PDF: scores, ROC, reliability.

Coordinates are points, origin at the upper left of a plot of WIDTH x HEIGHT.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from readers.ai.commissioning.reliability import Reliability

WIDTH, HEIGHT = 300.0, 240.0
LEFT, TOP, RIGHT, BOTTOM = 42.0, 24.0, 12.0, 36.0
GREY, DARK, CANCER, NORMAL = "#b0b0b0", "#222222", "#a4243b", "#1f5f8b"
BINS = 20

Point = tuple[float, float]


@dataclass(frozen=True)
class Stroke:
    """A line through points."""

    points: tuple[Point, ...]
    colour: str
    dashed: bool = False


@dataclass(frozen=True)
class Box:
    """A filled rectangle, `corner` its upper left."""

    corner: Point
    size: Point
    colour: str


@dataclass(frozen=True)
class Label:
    """A text; `at` is the baseline at its start, middle or end."""

    at: Point
    text: str
    anchor: Literal["start", "middle", "end"] = "start"
    colour: str = DARK


Shape = Stroke | Box | Label


@dataclass(frozen=True)
class Plot:
    """A drawn figure and the sentence that says the same in words."""

    title: str
    description: str
    shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class _Frame:
    """Axes from 0 to 1 across and 0 to `top` upwards."""

    top: float

    def at(self, x: float, y: float) -> Point:
        across, down = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
        return LEFT + x * across, TOP + (1 - y / self.top) * down

    def shapes(self, title: str, across: str, upwards: str) -> list[Shape]:
        corner, size = self.at(0, self.top), (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM)
        right, low = corner[0] + size[0], corner[1] + size[1]
        edge = Stroke((corner, (corner[0], low), (right, low)), DARK)
        ticks: list[Shape] = [Label((self.at(x, 0)[0], low + 12), f"{x:g}", "middle") for x in (0, 0.5, 1)]
        ticks += [Label((LEFT - 4, self.at(0, y)[1] + 3), f"{y:g}", "end") for y in (0, self.top / 2, self.top)]
        names: list[Shape] = [Label(((LEFT + right) / 2, HEIGHT - 8), across, "middle"), Label((4, 12), title)]
        return [edge, *ticks, *names, Label((right, 12), upwards, "end", GREY)]


def plots_of(scores: Mapping[str, Sequence[float]], found: Reliability | None) -> tuple[Plot, ...]:
    """Every plot there is data for: `scores` are raw exam scores by `cancer` and `no_cancer`."""
    sick, well = (np.asarray(scores[name], np.float64) for name in ("cancer", "no_cancer"))
    made = [histogram(sick, well)] if sick.size or well.size else []
    if sick.size and well.size:
        made += [roc(sick, well)]
    return (*made, reliability(found)) if found else tuple(made)


def histogram(sick: NDArray[np.float64], well: NDArray[np.float64]) -> Plot:
    """Shares of raw exam scores, cancers and normals side by side."""
    edges = np.linspace(0, 1, BINS + 1)
    shares = [np.histogram(part, edges)[0] / max(1, part.size) for part in (well, sick)]
    frame = _Frame(max(0.1, float(np.ceil(max(share.max() for share in shares) * 10) / 10)))
    bars: list[Shape] = []
    for offset, (share, colour) in enumerate(zip(shares, (NORMAL, CANCER), strict=True)):
        for index, value in enumerate(share.tolist()):
            x, y = frame.at((index + 0.5 * offset) / BINS, value)
            bars.append(Box((x, y), ((WIDTH - LEFT - RIGHT) / BINS / 2, frame.at(0, 0)[1] - y), colour))
    legend = [
        Label((LEFT + 6, TOP + 10), "no cancer", colour=NORMAL),
        Label((LEFT + 6, TOP + 22), "cancer", colour=CANCER),
    ]
    told = f"{well.size} exams without a cancer, median score {_median(well)}; {sick.size} with, {_median(sick)}."
    return Plot("Scores", told, (*frame.shapes("Scores", "raw exam score", "share of exams"), *bars, *legend))


def roc(sick: NDArray[np.float64], well: NDArray[np.float64]) -> Plot:
    """Sensitivity against the share of normals flagged, at every raw score."""
    frame = _Frame(1.0)
    cuts = np.unique(np.concatenate([sick, well]))[::-1]
    points = [(0.0, 0.0), *(((well >= cut).mean(), (sick >= cut).mean()) for cut in cuts), (1.0, 1.0)]
    curve = Stroke(tuple(frame.at(float(x), float(y)) for x, y in points), CANCER)
    chance = Stroke((frame.at(0, 0), frame.at(1, 1)), GREY, dashed=True)
    at_ninety = float((sick > np.quantile(well, 0.9)).mean())
    told = f"ROC curve: sensitivity {at_ninety:.2f} at the 90 % quantile of the exams without a cancer."
    return Plot("ROC", told, (*frame.shapes("ROC", "1 - specificity", "sensitivity"), chance, curve))


def reliability(found: Reliability) -> Plot:
    """Cancers found, with their exact 95 % intervals, against cancers expected, by groups of equal size."""
    frame = _Frame(1.0)
    groups = found.groups
    points = [frame.at(group.expected, group.found.share) for group in groups]
    even = Stroke((frame.at(0, 0), frame.at(1, 1)), GREY, dashed=True)
    spans = [
        Stroke((frame.at(group.expected, group.found.low), frame.at(group.expected, group.found.high)), GREY)
        for group in groups
    ]
    marks = [Box((x - 2, y - 2), (4, 4), NORMAL) for x, y in points]
    told = f"Share of {found.unit}s with a cancer, expected and found, exams left out of the fit: "
    told += ", ".join(f"{group.expected:.2f}/{group.found.share:.2f}" for group in groups) + "."
    shapes = frame.shapes(f"Reliability, {found.unit}s", "expected", "found")
    return Plot("Reliability", told, (*shapes, even, *spans, Stroke(tuple(points), NORMAL), *marks))


def to_svg(plot: Plot) -> str:
    """The plot as an inline SVG element with its description for those who cannot see it."""
    head = f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" width="{WIDTH:g}" height="{HEIGHT:g}" role="img" '
    head += f'aria-label="{escape(plot.description)}" font-family="sans-serif" font-size="9">'
    return head + "".join(_svg(shape) for shape in plot.shapes) + "</svg>"


def _svg(shape: Shape) -> str:
    if isinstance(shape, Stroke):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
        dash = ' stroke-dasharray="3 3"' if shape.dashed else ""
        return f'<polyline points="{points}" fill="none" stroke="{shape.colour}"{dash}/>'
    if isinstance(shape, Box):
        (x, y), (wide, high) = shape.corner, shape.size
        return f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}" fill="{shape.colour}"/>'
    x, y = shape.at
    text = f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{shape.anchor}" fill="{shape.colour}">'
    return f"{text}{escape(shape.text)}</text>"


def _median(values: NDArray[np.float64]) -> str:
    return f"{float(np.median(values)):.3f}" if values.size else "none"
