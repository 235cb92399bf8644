"""Senders get a defined status for every error, and success for none."""

from __future__ import annotations

import pytest

from screening.dicom.status import OUT_OF_RESOURCES, STORE_STATUS, store_status
from screening.domain import errors
from screening.domain.errors import SecondReadError, all_errors


def make(cls: type[SecondReadError]) -> SecondReadError:
    """An instance of the error, with the least its constructor takes."""
    return cls("view_unknown")


@pytest.mark.parametrize("cls", [e for e in all_errors() if e.__module__ == errors.__name__], ids=lambda e: e.code)
def test_every_error_has_its_own_row(cls: type[SecondReadError]) -> None:
    assert cls in STORE_STATUS
    assert store_status(make(cls)) is STORE_STATUS[cls]


@pytest.mark.parametrize("cls", STORE_STATUS, ids=lambda e: e.code)
def test_no_error_is_answered_with_success_or_a_warning(cls: type[SecondReadError]) -> None:
    code = STORE_STATUS[cls].code
    # PS3.7 Annex C: 0000 is success, 0001 and Bxxx are warnings, FE00 and FFxx cancel and pending
    assert code >> 12 in (0x0, 0xA, 0xC)
    assert code not in (0x0000, 0x0001)
    assert STORE_STATUS[cls].clause.startswith("PS3.")


def test_a_full_disk_lets_the_sender_try_again_later() -> None:
    assert store_status(errors.StoreUnavailable()) is OUT_OF_RESOURCES
    assert OUT_OF_RESOURCES.code == 0xA700


def test_an_unreadable_file_is_not_worth_sending_again() -> None:
    assert store_status(errors.NotDicom()).code == 0xC000


def test_an_error_without_a_row_answers_like_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(STORE_STATUS, errors.NotDicom)
    assert store_status(errors.NotDicom()) is STORE_STATUS[errors.InvalidInput]
