"""The audit as people get it: text, one strict HTML file, CSV; the same figures and the notice in each."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser

import pytest

from audits.frames import to_frame
from audits.page import to_html
from audits.performance import Options
from audits.report import AuditReport, build, to_csv
from audits.text import to_text
from readers.simulated.round import play_round
from readers.simulated.rows import episode_rows
from screening.workflow.policies import shipped_policies
from tests.audits.frames_by_hand import ORDINARY, ten_rows

NOTICE = "Synthetic women; the AI reader is phantom-trained."
MADE = date(2026, 11, 20)
VOID = {"meta", "br"}


class Page(HTMLParser):
    """Checks nesting and collects tags, ids, attributes and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attrs
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def report() -> AuditReport:
    return build(to_frame(ten_rows()), MADE, NOTICE, options=Options(minimum_cell=0))


@pytest.fixture(scope="module")
def large() -> AuditReport:
    policy = shipped_policies()["double-human+ai"]
    cases = play_round(policy, 1_500, 7, datetime(2026, 1, 5, 8, tzinfo=UTC))
    return build(to_frame(episode_rows(policy, cases)), MADE, NOTICE)


def test_text_states_notice_scope_and_figures(report: AuditReport) -> None:
    text = to_text(report)
    assert f"NOTICE: {NOTICE}" in text
    assert "10 cases, 2026-03-02 to 2026-03-02; 0 left out" in text
    recall = next(line for line in text.splitlines() if line.startswith("Recall rate"))
    assert recall.split()[2:8] == ["3", "/", "9", "33.33", "%*", "12.06-64.58"]


def test_text_lines_are_short(large: AuditReport) -> None:
    assert max(len(line) for line in to_text(large).splitlines()) <= 160


def test_page_is_well_formed_and_needs_nothing_else(large: AuditReport) -> None:
    page = Page(to_html(large))
    assert page.open == []
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("src", "style")]
    assert {value for name, value in page.attributes if name == "href"} == {"#main"}
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes


def test_page_is_accessible(large: AuditReport) -> None:
    page = Page(to_html(large))
    assert ("lang", "en") in page.attributes
    assert len(page.ids) == len(set(page.ids))
    assert page.tags["table"] == page.tags["caption"] > 8
    named = [value for name, value in page.attributes if name == "aria-labelledby" and value]
    assert set(" ".join(named).split()) <= set(page.ids)
    assert page.tags["svg"] == 4
    assert page.tags["h1"] == page.tags["main"] == 1


def test_page_shows_the_notice_before_any_figure(report: AuditReport) -> None:
    html = to_html(report)
    assert 0 < html.index(NOTICE) < html.index("<main")


def test_page_without_notice_has_no_empty_banner() -> None:
    assert 'class="notice"' not in to_html(build(to_frame(ten_rows()), MADE))


def test_what_the_data_say_cannot_become_markup() -> None:
    evil = '<script>alert("x")</script>'
    rows = [replace(ORDINARY, case=f"case-{n}", unit=evil, policy=evil, density=evil) for n in range(30)]
    page = Page(to_html(build(to_frame(rows), MADE, evil)))
    assert "script" not in page.tags
    assert any("alert" in word for word in page.words)


def test_flow_table_follows_every_flag(report: AuditReport) -> None:
    flow = {row[0]: row[1:] for row in report.flow.iter_rows()}
    assert flow["R1"] == (2, 2, 1, 0, 1, 0, 0)
    assert flow["R2"] == (1, 1, 1, 0, 0, 1, 0)
    assert flow["AI"] == (1, 1, 0, 0, 1, 0, 1)
    assert flow["R1+R2+AI"] == (1, 0, 1, 0, 0, 1, 0)
    assert report.flow["origin"].to_list()[-1] == "none"
    assert flow["none"] == (5, 0, 0, 1, 4, 0, 1)


def test_score_table_has_all_ten_scores(report: AuditReport) -> None:
    scores = {row[0]: row[1:] for row in report.scores.iter_rows()}
    assert list(scores) == list(range(1, 11))
    assert scores[10] == (2, 1, 1)
    assert scores[3] == (6, 1, 1)
    assert scores[1] == (0, 0, 0)


def test_csv_carries_the_notice_on_every_row(report: AuditReport) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(report))))
    assert len(rows) == report.table.height
    assert {row["notice"] for row in rows} == {NOTICE}
    recall = next(row for row in rows if row["kpi"] == "recall_rate" and row["split"] == "all")
    assert (recall["numerator"], recall["denominator"], recall["value"]) == ("3", "9", "33.3333")


def test_impossible_rows_are_shown_by_case_and_not_counted() -> None:
    bad = replace(ORDINARY, case="case-bad", human_reads=0)
    report = build(to_frame([*ten_rows(), bad]), MADE)
    assert report.scope.cases == 10
    assert report.scope.left_out == 1
    for told in (to_text(report), to_html(report)):
        assert "no_human_read" in told
        assert "case-bad" in told


def test_suppressed_cells_show_no_digits() -> None:
    report = build(to_frame(ten_rows()), MADE, options=Options(minimum_cell=50))
    recall = next(line for line in to_text(report).splitlines() if line.startswith("Recall rate"))
    assert "33" not in recall
    assert "n < min" in recall


def test_a_report_of_no_cases_is_still_a_report() -> None:
    report = build(to_frame([]), MADE, NOTICE)
    assert Page(to_html(report)).open == []
    assert "0 cases" in to_text(report)


def test_the_same_frame_gives_the_same_page(report: AuditReport) -> None:
    again = build(to_frame(ten_rows()), MADE, NOTICE, options=Options(minimum_cell=0))
    assert to_html(again) == to_html(report)
