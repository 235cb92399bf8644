"""Readers are found by entry point; what is unknown or broken is one coded error, whatever is broken about it."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from readers.plugins.contract import GROUP, ReaderContext, Scope
from readers.plugins.discovery import build, guarded, installed, load
from screening.app.readers import ai_reader
from screening.app.settings import Settings
from screening.domain.errors import ModelNotFound, ModelUnusable
from tests.readers.external.samples import Files, context


def test_our_own_readers_are_declared() -> None:
    assert {"native", "cad-sr", "http"} <= set(installed())


def test_an_unknown_reader_is_not_found_and_the_known_ones_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match="cad-sr"):
        build("nobody", context(Files(tmp_path)))


@pytest.mark.parametrize(
    "value", ["no_such_module:reader", "readers.external.cad_sr:no_such_name", "readers.plugins.contract:GROUP"]
)
def test_an_entry_point_that_leads_nowhere_is_unusable(value: str) -> None:
    with pytest.raises(ModelUnusable, match="odd"):
        load(EntryPoint("odd", value, GROUP))


class NoScope:
    """A plug-in that forgot half of its contract."""

    identity = None
    fingerprint = ""


def _raises(_context: ReaderContext) -> NoScope:
    raise OSError("/secret/path/of/weights")


@pytest.mark.parametrize("factory", [lambda _context: NoScope(), lambda: None, lambda _context: None, _raises])
def test_a_reader_that_cannot_be_built_is_unusable_and_quotes_nothing(tmp_path: Path, factory: object) -> None:
    with pytest.raises(ModelUnusable) as error:
        guarded("odd", factory, context(Files(tmp_path)))  # type: ignore[arg-type]
    assert "secret" not in str(error.value)


def test_only_active_readers_answer() -> None:
    settings = Settings(readers="cad-sr, http")
    assert settings.active_readers == ("cad-sr", "http")
    assert ai_reader(settings).name == "cad-sr"
    with pytest.raises(ModelNotFound, match="not active"):
        ai_reader(settings, name="native")


def test_the_default_scope_is_the_four_standard_views_of_mammograms() -> None:
    assert Scope() == Scope(ages=None, manufacturers=frozenset())
