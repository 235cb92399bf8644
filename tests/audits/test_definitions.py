"""KPI definitions are data, and data that breaks the schema is refused."""

from __future__ import annotations

import pytest

from audits.definitions import parse, shipped_kpis
from screening.domain.errors import InvalidInput

GOOD = """
[[kpi]]
id = "x"
en = "X"
nl = "X"
group = "G"
kind = "proportion"
denominator = ["screened"]
numerator = ["recalled"]
unit = "percent"
source = "here"
"""


def test_shipped_definitions_say_where_they_come_from_in_both_languages() -> None:
    for kpi in shipped_kpis():
        assert kpi.en
        assert kpi.nl
        assert kpi.source
        assert kpi.level is None or kpi.level.source


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"screened"', '"moonlit"'),
        ('["recalled"]', "[]"),
        ('"proportion"', '"guess"'),
        ('"percent"', '"furlongs"'),
        ('kind = "proportion"', 'kind = "mean"'),
        ('unit = "percent"', 'unit = "percent"\nbreakdown = "moon"'),
        ('unit = "percent"', 'unit = "percent"\nquantile = 0.5'),
        ('unit = "percent"', 'unit = "percent"\nlevel = { name = "n", source = "s" }'),
        ('id = "x"\n', ""),
        ("[[kpi]]", "[[kpy]]"),
        ("[[kpi]]", "[[kpi"),
    ],
)
def test_a_broken_definition_is_refused(old: str, new: str) -> None:
    with pytest.raises(InvalidInput):
        parse(GOOD.replace(old, new))


def test_an_id_is_defined_once() -> None:
    assert len(parse(GOOD)) == 1
    with pytest.raises(InvalidInput, match="once"):
        parse(GOOD + GOOD)
