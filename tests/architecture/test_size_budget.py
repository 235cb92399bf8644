"""Files and functions stay small enough to read in one look."""

from __future__ import annotations

import ast

from tests.architecture.source_tree import body_lines, modules

LONGEST_FILE = 600
LONG_FILE = 350
LONGEST_BODY = 60
LONG_BODY = 25
LONG_BODY_SHARE = 0.10


def test_no_file_is_a_mistake_of_size() -> None:
    too_long = {module.name: module.lines for module in modules() if module.lines > LONGEST_FILE}
    assert not too_long


def test_long_files_are_rare() -> None:
    """A file past 350 lines is allowed, a habit of them is not; the message names them."""
    long = {module.name: module.lines for module in modules() if module.lines > LONG_FILE}
    assert len(long) <= 0.02 * len(modules()), long


def test_no_function_body_is_a_mistake_of_size() -> None:
    too_long = {name: lines for module in modules() for name, lines in module.functions() if lines > LONGEST_BODY}
    assert not too_long


def test_long_function_bodies_are_rare() -> None:
    bodies = {name: lines for module in modules() for name, lines in module.functions()}
    long = {name: lines for name, lines in bodies.items() if lines > LONG_BODY}
    assert len(long) < LONG_BODY_SHARE * len(bodies), long


def test_a_body_is_counted_without_signature_and_docstring() -> None:
    tree = ast.parse('def f(\n    a: int,\n) -> int:\n    """Two\n    lines."""\n    b = a\n\n    return b\n')
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    assert body_lines(function) == 3
