"""The source as the architecture tests see it: our packages, their modules, their syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("screening", "readers", "fhir_gateway", "models", "audits")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One source file: path relative to the root, text and syntax tree."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """Path with slashes, for messages."""
        return self.path.as_posix()

    @property
    def lines(self) -> int:
        """Lines of the file."""
        return len(self.text.splitlines())

    def functions(self) -> Iterator[tuple[str, int]]:
        """Every function or method with the lines of its body, docstring and signature left out."""
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield f"{self.name}:{node.lineno} {node.name}", body_lines(node)


def body_lines(node: Function) -> int:
    """Lines of a function body without its docstring."""
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


@cache
def modules() -> tuple[Module, ...]:
    """Every module of the shipped packages."""
    paths = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return tuple(Module(path.relative_to(ROOT), text, ast.parse(text)) for path in paths for text in [path.read_text()])


def called_names(module: Module) -> set[str]:
    """Names of plain functions that a module calls."""
    calls = (node.func for node in ast.walk(module.tree) if isinstance(node, ast.Call))
    return {func.id for func in calls if isinstance(func, ast.Name)}
