"""Calibrations as files: TOML that a person can read, in a versioned form, read strictly.

A file says what a calibration is, never whether it may be used: that is in its commissioning record beside it.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Final

from readers.ai import calibration_ood
from readers.ai.calibration import Calibration, OperatingPoint, Rate, Stratum
from readers.ai.calibration_maps import ISOTONIC, IsotonicMap, LogitMap, ProbabilityMap
from readers.ai.calibration_ood import LocalReference
from readers.ai.calibration_toml import Table, load, written
from screening.domain.ai_read import NOT_STATED
from screening.domain.errors import CalibrationInvalid

FORMAT: Final = "secondread-calibration/1"
OOD_SUFFIX: Final = ".ood.npz"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HASH = re.compile(rf"[0-9a-f]{{64}}|{NOT_STATED}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,119}")


def read(path: Path) -> Calibration:
    """Read one calibration and the out-of-distribution reference it names. Raises CalibrationInvalid."""
    document = load(path, "calibration")
    try:
        calibration = _calibration(Table(document), path.parent)
    except (ValueError, TypeError) as error:
        raise CalibrationInvalid(f"{path.name} is no calibration: {error}") from error
    if calibration.id != path.name.removesuffix(".toml"):
        raise CalibrationInvalid(f"{path.name} holds the calibration {calibration.id}")
    return calibration


def write(calibration: Calibration, folder: Path) -> tuple[Path, ...]:
    """Write the calibration, and its out-of-distribution reference beside it; returns the paths."""
    path = folder / f"{calibration.id}.toml"
    path.write_text(to_toml(calibration), encoding="utf-8")
    if calibration.ood is None:
        return (path,)
    beside = folder / f"{calibration.id}{OOD_SUFFIX}"
    beside.write_bytes(calibration_ood.to_bytes(calibration.ood.reference))
    return path, beside


def to_toml(calibration: Calibration) -> str:
    """The text of its file."""
    parts = [_head(calibration), _stratum_text(calibration.stratum), _mapping_text(calibration.mapping)]
    parts += [_point_text(point) for point in calibration.operating_points]
    if calibration.ood is not None:
        parts.append(_ood_text(calibration.id, calibration.ood))
    return "\n".join(parts)


def _head(calibration: Calibration) -> str:
    deciles = ", ".join(map(repr, calibration.exam_deciles))
    lines = [
        f"format = {written(FORMAT)}",
        f"id = {written(calibration.id)}",
        f"product = {written(calibration.product)}",
        f"weights_sha256 = {written(calibration.weights_sha256)}",
        f"preprocessing_sha256 = {written(calibration.preprocessing_sha256)}",
        *([f"preprocessing = {written(calibration.preprocessing)}"] if calibration.preprocessing else []),
        f"prevalence = {calibration.prevalence!r}",
        f"exam_deciles = [{deciles}]",
        f"flag_from = {calibration.flag_from}",
        f"population = {written(calibration.population)}",
    ]
    if calibration.precision != "f32":
        lines.append(f"precision = {written(calibration.precision)}")
    if calibration.valid_from != date.min:
        lines.append(f"valid_from = {calibration.valid_from.isoformat()}")
    if calibration.valid_to is not None:
        lines.append(f"valid_to = {calibration.valid_to.isoformat()}")
    return "\n".join((*lines, ""))


def _stratum_text(stratum: Stratum) -> str:
    names = ("manufacturer", "model", "software", "site")
    return "\n".join(("[stratum]", *(f"{name} = {written(getattr(stratum, name))}" for name in names), ""))


def _mapping_text(mapping: ProbabilityMap) -> str:
    lines = ["[mapping]", f"method = {written(mapping.method)}"]
    if isinstance(mapping, LogitMap):
        lines += [f"slope = {mapping.slope!r}", f"intercept = {mapping.intercept!r}"]
    else:
        lines += [f"raw = [{', '.join(map(repr, mapping.raw))}]"]
        lines += [f"probabilities = [{', '.join(map(repr, mapping.probabilities))}]"]
    return "\n".join((*lines, ""))


def _point_text(point: OperatingPoint) -> str:
    head = ("[[operating_point]]", f"name = {written(point.name)}", f"flag_from = {point.flag_from}")
    rates = (("sensitivity", point.sensitivity), ("specificity", point.specificity))
    lines = (
        f"{name} = {{ hits = {rate.hits}, total = {rate.total}, low = {rate.low!r}, high = {rate.high!r} }}"
        for name, rate in rates
    )
    return "\n".join((*head, *lines, ""))


def _ood_text(name: str, ood: LocalReference) -> str:
    counts = (f"exams = {ood.exams}", f"views = {ood.views}")
    file = f"file = {written(name + OOD_SUFFIX)}"
    return "\n".join(("[ood]", file, f"sha256 = {written(ood.sha256)}", *counts, ""))


def _calibration(table: Table, folder: Path) -> Calibration:
    if table.text("format") != FORMAT:
        raise ValueError(f"its format is not {FORMAT}")
    made = Calibration(
        id=_matching(table, "id", _ID),
        product=table.text("product"),
        weights_sha256=_matching(table, "weights_sha256", _HASH),
        preprocessing_sha256=_matching(table, "preprocessing_sha256", _HASH),
        stratum=_stratum(table.table("stratum")),
        mapping=_mapping(table.table("mapping")),
        prevalence=table.number("prevalence", 1e-6, 1 - 1e-6),
        exam_deciles=_deciles(table.numbers("exam_deciles", 0, 1)),
        flag_from=table.whole("flag_from", 1, 10),
        population=table.text("population"),
        valid_from=table.day("valid_from") if table.has("valid_from") else date.min,
        valid_to=table.day("valid_to") if table.has("valid_to") else None,
        operating_points=tuple(_point(item) for item in table.tables("operating_point")),
        ood=_ood(table.table("ood"), folder) if table.has("ood") else None,
        precision=table.text("precision") if table.has("precision") else "f32",
        preprocessing=table.text("preprocessing") if table.has("preprocessing") else "",
    )
    table.end()
    _check_product(made)
    if made.valid_to is not None and made.valid_to < made.valid_from:
        raise ValueError("valid_to lies before valid_from")
    return made


def _check_product(made: Calibration) -> None:
    """Without hashes product and version are all that ties a calibration to its AI: both are there, and the way."""
    model, _, version = made.product.rpartition("@")
    known = not {model, version} & {"", NOT_STATED}
    if NOT_STATED in (made.weights_sha256, made.preprocessing_sha256) and not (known and made.preprocessing):
        raise ValueError("hashes are not stated, so product, version and preprocessing are")


def _matching(table: Table, key: str, form: re.Pattern[str]) -> str:
    text = table.text(key)
    if not form.fullmatch(text):
        raise ValueError(f"{key} does not have its form")
    return text


def _deciles(numbers: tuple[float, ...]) -> tuple[float, ...]:
    if len(numbers) != 9 or list(numbers) != sorted(numbers):
        raise ValueError("exam_deciles are nine ascending numbers")
    return numbers


def _stratum(table: Table) -> Stratum:
    made = Stratum(
        table.any_text("manufacturer"), table.any_text("model"), table.any_text("software"), table.any_text("site")
    )
    table.end()
    return made


def _mapping(table: Table) -> ProbabilityMap:
    method = table.text("method")
    made: ProbabilityMap
    if method == ISOTONIC:
        made = IsotonicMap(table.numbers("raw", 0, 1), table.numbers("probabilities", 0, 1))
    else:
        made = LogitMap(table.number("slope"), table.number("intercept"), method)
    table.end()
    return made


def _point(table: Table) -> OperatingPoint:
    rates = _rate(table.table("sensitivity")), _rate(table.table("specificity"))
    made = OperatingPoint(table.text("name"), table.whole("flag_from", 1, 10), *rates)
    table.end()
    return made


def _rate(table: Table) -> Rate:
    total = table.whole("total", 0, 10**9)
    made = Rate(table.whole("hits", 0, total), total, table.number("low", 0, 1), table.number("high", 0, 1))
    table.end()
    return made


def _ood(table: Table, folder: Path) -> LocalReference:
    name = table.text("file")
    if Path(name).name != name:
        raise ValueError("file lies beside the calibration")
    stated = _matching(table, "sha256", _SHA256)
    exams, views = table.whole("exams", 1, 10**9), table.whole("views", 1, 10**9)
    table.end()
    return calibration_ood.read(folder / name, stated, exams, views)
