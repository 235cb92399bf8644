"""The way of a volume through the graphs: the frame of a mark, and the crop of that frame."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from models.errors import InputInvalid
from models.pipeline_volume import VolumePipeline
from models.preprocess import prepare
from tests.models.known import BrightEngine, breast_picture, far_from_nothing

AT = (180, 260)


@dataclass
class Spotted:
    """A breast with a bright disc that is sharp in one frame and fades over its neighbours."""

    sharp: int
    count: int = 40
    pixel_mm: float = 0.3
    slice_mm: float = 1.0
    asked: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._plain, self._spot = breast_picture(560, 440), breast_picture(560, 440, at=AT, radius=14)

    def frame(self, index: int) -> NDArray[np.float32]:
        """One frame."""
        self.asked.append(index)
        share = np.float32(np.exp(-((index - self.sharp) ** 2) / 8.0))
        return self._plain + share * (self._spot - self._plain)


@pytest.mark.parametrize("sharp", [2, 9, 20, 33, 38])
def test_a_spot_is_marked_in_its_frame_and_read_again_there(sharp: int) -> None:
    engine, volume = BrightEngine(), Spotted(sharp)
    answer = VolumePipeline(engine, far_from_nothing(3)).predict_volume(volume)
    first = answer.regions[0]
    assert first.box[0] <= AT[0] <= first.box[2]
    assert first.box[1] <= AT[1] <= first.box[3]
    assert first.frame is not None
    assert abs(first.frame - sharp) <= 3
    assert engine.crops[0][0, 0, 88:104, 88:104].mean() > 1.5
    assert volume.asked[-1] == first.frame


def test_two_runs_give_the_same_bits() -> None:
    first, again = (VolumePipeline(BrightEngine(), far_from_nothing(3)).predict_volume(Spotted(15)) for _ in range(2))
    assert first.regions == again.regions
    assert first.ood_score == again.ood_score
    assert np.array_equal(first.saliency, again.saliency)


def test_a_volume_of_one_frame_is_read() -> None:
    answer = VolumePipeline(BrightEngine(), far_from_nothing(3)).predict_volume(Spotted(0, count=1))
    assert answer.regions[0].frame == 0


def test_a_model_of_volumes_refuses_a_single_image() -> None:
    with pytest.raises(InputInvalid):
        VolumePipeline(BrightEngine(), far_from_nothing(3)).predict(prepare(breast_picture(), 0.2))
