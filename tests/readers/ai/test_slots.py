"""Which image fills which slot: the radiographer's expectations."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.ai.slots import fill_slots
from screening.domain.quality import ReasonCode
from screening.domain.study import ImageKind, Slot, View, ViewModifier
from tests.readers.ai.studies import image, study


def test_four_standard_views_fill_the_four_slots() -> None:
    selection = fill_slots(study())
    assert set(selection.chosen) == set(Slot)
    assert selection.excluded == ()
    assert selection.missing == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": ImageKind.FFDM_PROCESSING}, ReasonCode.FOR_PROCESSING),
        ({"kind": ImageKind.DBT, "frames": 60}, ReasonCode.TOMOSYNTHESIS),
        ({"kind": ImageKind.SYNTHETIC_2D}, ReasonCode.SYNTHETIC_2D),
        ({"kind": ImageKind.FILM}, ReasonCode.WRONG_SOP_CLASS),
        ({"laterality": None}, ReasonCode.LATERALITY_UNKNOWN),
        ({"view": None}, ReasonCode.VIEW_UNKNOWN),
        ({"view": View.ML}, ReasonCode.VIEW_NOT_STANDARD),
        ({"modifiers": frozenset({ViewModifier.SPOT_COMPRESSION})}, ReasonCode.MAGNIFICATION),
        ({"modifiers": frozenset({ViewModifier.CLEAVAGE})}, ReasonCode.VIEW_MODIFIED),
        ({"partial_view": True}, ReasonCode.PARTIAL_VIEW),
        ({"row_spacing_mm": None}, ReasonCode.SPACING_MISSING),
        ({"exclusion": ReasonCode.PIXELS_SHORT}, ReasonCode.PIXELS_SHORT),
    ],
)
def test_an_unfit_image_leaves_its_slot_empty_and_says_why(changes: dict[str, Any], reason: ReasonCode) -> None:
    unfit = image(Slot.RCC, **changes)
    selection = fill_slots(study(unfit, *(image(slot) for slot in (Slot.LCC, Slot.RMLO, Slot.LMLO))))
    assert selection.missing == (Slot.RCC,)
    assert [(item.sop_instance_uid, item.reason) for item in selection.excluded] == [(unfit.sop_instance_uid, reason)]


def test_an_implant_displaced_view_goes_before_the_larger_one() -> None:
    displaced = image(uid="1.2.3.50", modifiers=frozenset({ViewModifier.IMPLANT_DISPLACED}), implant_present=True)
    larger = image(uid="1.2.3.51", rows=2000, columns=1500, implant_present=True)
    selection = fill_slots(study(larger, displaced))
    assert selection.chosen[Slot.RCC] is displaced
    assert [item.reason for item in selection.excluded] == [ReasonCode.IMPLANT_NOT_DISPLACED]


def test_of_two_equal_images_the_later_is_used() -> None:
    first = image(uid="1.2.3.60")
    repeat = image(uid="1.2.3.61", acquired_at=datetime(2026, 1, 5, 8, 7, tzinfo=UTC))
    selection = fill_slots(study(first, repeat))
    assert selection.chosen[Slot.RCC] is repeat
    assert [item.reason for item in selection.excluded] == [ReasonCode.REPEAT_NOT_CHOSEN]


def test_the_order_of_arrival_changes_nothing() -> None:
    images = [image(slot) for slot in Slot] + [
        image(uid="1.2.3.70", rows=700),
        image(uid="1.2.3.71", partial_view=True),
    ]
    chosen = {tuple(sorted(fill_slots(study(*order)).chosen.items())) for order in itertools.permutations(images)}
    assert len(chosen) == 1


@given(st.lists(st.sampled_from(list(Slot)), min_size=1, max_size=8), st.data())
def test_every_image_is_either_chosen_or_excluded_with_a_reason(slots: list[Slot], data: st.DataObject) -> None:
    kinds = st.sampled_from(list(ImageKind))
    images = [image(slot, uid=f"1.2.3.{n + 100}", kind=data.draw(kinds)) for n, slot in enumerate(slots)]
    selection = fill_slots(study(*images))
    told = [i.sop_instance_uid for i in selection.chosen.values()] + [e.sop_instance_uid for e in selection.excluded]
    assert sorted(told) == sorted(i.sop_instance_uid for i in images)
