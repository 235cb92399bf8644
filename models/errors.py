"""What can go wrong with a model, one condition per class. Nothing here is ever caught to go on without a model."""

from __future__ import annotations


class ModelError(Exception):
    """Root of this package's errors; `code` is stable and may be shown to a user."""

    code = "model_error"


class UnknownModel(ModelError):
    """No card or architecture of that name ships with this installation."""

    code = "model_unknown"


class WeightsMissing(ModelError):
    """The card names a weights file that is not there. Nothing is ever downloaded."""

    code = "model_weights_missing"


class WeightsHashMismatch(ModelError):
    """The weights file is not the one the card describes."""

    code = "model_weights_hash_mismatch"


class WeightsIncompatible(ModelError):
    """The weights do not fit the architecture key for key and shape for shape."""

    code = "model_weights_incompatible"


class CardInvalid(ModelError):
    """The card lacks a field or contradicts this code, such as another preprocessing hash."""

    code = "model_card_invalid"


class InputInvalid(ModelError):
    """The array handed in is not a presentation image as the input contract describes it."""

    code = "model_input_invalid"


class EngineUnavailable(ModelError):
    """The engine asked for is not installed, or the model ships no graph for it."""

    code = "model_engine_unavailable"


class CheckpointUnreadable(ModelError):
    """The file to import is no checkpoint, or one whose contents this importer cannot tell apart."""

    code = "model_checkpoint_unreadable"


class CheckpointNeedsCode(ModelError):
    """The checkpoint would have to run code to be opened. That never happens here; the message says what to do."""

    code = "model_checkpoint_needs_code"


class CheckpointMismatch(ModelError):
    """The checkpoint is of another network: a key is missing, unexpected or of another shape."""

    code = "model_checkpoint_mismatch"


class NoScore(ModelError):
    """The model gives features only, no score: its checkpoint came without a head."""

    code = "model_no_score"


class DatasetInvalid(ModelError):
    """A data set on disk lacks a table or a column of its published layout, or holds none of its images."""

    code = "dataset_invalid"
