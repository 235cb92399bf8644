"""Rules of the house that no linter of ours states: imports, prints, the environment, docstrings, mirrored tests."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT, Module, called_names, modules

COMMAND_LINE = "screening/app/"
SETTINGS = "screening/app/settings.py"
TOP_LEVEL = {"screening", "readers", "fhir_gateway", "models", "audits"}
NOT_MIRRORED = {"contracts", "architecture", "docs", "e2e", "golden"}


def test_the_import_contracts_hold() -> None:
    tool = Path(sys.executable).parent / "lint-imports"
    if not tool.exists():
        pytest.skip("import-linter is not installed in this environment")
    answer = subprocess.run([str(tool), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_only_the_command_line_prints() -> None:
    printing = [m.name for m in modules() if "print" in called_names(m) and not m.name.startswith(COMMAND_LINE)]
    assert not printing


def _reads_environment(module: Module) -> bool:
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in {"environ", "getenv"}
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        for node in ast.walk(module.tree)
    )


def test_only_the_settings_read_the_environment() -> None:
    reading = [m.name for m in modules() if m.name != SETTINGS and _reads_environment(m)]
    imported = [
        m.name
        for m in modules()
        for node in ast.walk(m.tree)
        if isinstance(node, ast.ImportFrom) and node.module == "os" and m.name != SETTINGS
        if any(alias.name in {"environ", "getenv"} for alias in node.names)
    ]
    assert not reading + imported


def test_every_module_says_why_it_exists() -> None:
    assert not [module.name for module in modules() if not ast.get_docstring(module.tree)]


def test_nothing_is_left_to_do_in_a_comment() -> None:
    marks = ("# TODO", "# FIXME", "# XXX")
    assert not [module.name for module in modules() if any(mark in module.text for mark in marks)]


def test_the_tests_mirror_the_source() -> None:
    """A folder of tests stands for a room of the source: `tests/domain` for `screening/domain`, and so on."""
    rooms = {package: ROOT / package for package in TOP_LEVEL}
    rooms |= {path.name: path for path in (ROOT / "screening").iterdir() if path.is_dir()}
    folders = [path for path in (ROOT / "tests").iterdir() if path.is_dir() and any(path.rglob("test_*.py"))]
    strangers = [folder.name for folder in folders if not _stands_for_a_room(folder.name, rooms)]
    assert not strangers


def _stands_for_a_room(folder: str, rooms: dict[str, Path]) -> bool:
    """The room itself, or one part of it joined by an underscore (`readers_simulated`)."""
    if folder in NOT_MIRRORED or folder in rooms:
        return True
    room, _, _part = folder.partition("_")
    return room in rooms


def test_the_rules_import_nothing_but_the_standard_library() -> None:
    domain = [module for module in modules() if module.name.startswith("screening/domain/")]
    foreign = {
        f"{module.name}: {name}"
        for module in domain
        for name in _imported(module)
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("screening.domain")
    }
    assert not foreign


def test_the_rules_know_no_clock_and_no_chance() -> None:
    forbidden = {"random", "uuid", "secrets", "time", "os", "logging"}
    domain = [module for module in modules() if module.name.startswith("screening/domain/")]
    assert not [module.name for module in domain if forbidden & {name.split(".")[0] for name in _imported(module)}]
    clocks = {"now", "utcnow", "today"}
    calls = [
        module.name
        for module in domain
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in clocks
    ]
    assert not calls


def _imported(module: Module) -> set[str]:
    names = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names
