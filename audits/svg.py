"""A few SVG elements as text, escaped; every drawing carries a title and a description for those who cannot see it."""

from __future__ import annotations

from html import escape


def number(value: float) -> str:
    """A coordinate: at most two decimals.

    >>> number(3.14159), number(5.0)
    ('3.14', '5')
    """
    return f"{value:.2f}".rstrip("0").rstrip(".")


def drawing(name: str, width: float, height: float, title: str, description: str, parts: list[str]) -> str:
    """A complete inline SVG image; `name` makes its ids unique within the page."""
    label = escape(name, quote=True)
    return (
        f'<svg class="chart" viewBox="0 0 {number(width)} {number(height)}" role="img" '
        f'aria-labelledby="{label}-title {label}-desc" xmlns="http://www.w3.org/2000/svg">'
        f'<title id="{label}-title">{escape(title)}</title><desc id="{label}-desc">{escape(description)}</desc>'
        f"{''.join(parts)}</svg>"
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """A straight line of class `kind`."""
    ends = f'x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}"'
    return f'<line class="{kind}" {ends}/>'


def path(points: list[tuple[float, float]], kind: str) -> str:
    """A polyline of class `kind`; nothing for fewer than two points."""
    if len(points) < 2:
        return ""
    joined = " ".join(f"{number(x)},{number(y)}" for x, y in points)
    return f'<polyline class="{kind}" points="{joined}"/>'


def box(x: float, y: float, width: float, height: float, kind: str, hint: str = "") -> str:
    """A rectangle of class `kind` with a tooltip."""
    size = f'x="{number(x)}" y="{number(y)}" width="{number(max(width, 0))}" height="{number(max(height, 0))}"'
    return f'<rect class="{kind}" {size}>{_hint(hint)}</rect>'


def dot(x: float, y: float, kind: str, hint: str = "", radius: float = 4.5) -> str:
    """A circle of class `kind` with a tooltip."""
    return f'<circle class="{kind}" cx="{number(x)}" cy="{number(y)}" r="{number(radius)}">{_hint(hint)}</circle>'


def text(x: float, y: float, content: str, kind: str = "", anchor: str = "start") -> str:
    """Text of class `kind`, anchored at its `start`, `middle` or `end`."""
    shown = f' class="{kind}"' if kind else ""
    return f'<text{shown} x="{number(x)}" y="{number(y)}" text-anchor="{anchor}">{escape(content)}</text>'


def _hint(hint: str) -> str:
    return f"<title>{escape(hint)}</title>" if hint else ""
