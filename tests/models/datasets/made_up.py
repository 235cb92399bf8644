"""Tiny folders in the layouts of the public sets; every woman and image is invented here."""

from __future__ import annotations

import csv
import plistlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

Cells = Sequence[object]


def image(path: Path, side: str = "L", size: tuple[int, int] = (40, 24)) -> Path:
    """A PNG whose breast is at the left edge for L, at the right for R; any other suffix gets a few bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix != ".png":
        path.write_bytes(b"DICM, as far as a data set adapter cares")
        return path
    pixels = np.zeros(size, np.uint8)
    pixels[8:32, :14] = 120
    Image.fromarray(pixels if side == "L" else pixels[:, ::-1].copy()).save(path)
    return path


def table(path: Path, columns: Sequence[str], *rows: Cells, delimiter: str = ",") -> Path:
    """A CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter=delimiter)
        writer.writerows([columns, *rows])
    return path


RSNA = (
    *("site_id", "patient_id", "image_id", "laterality", "view", "age", "cancer", "biopsy", "invasive", "BIRADS"),
    *("implant", "density", "machine_id", "difficult_negative_case"),
)


def rsna(root: Path, suffix: str = ".png") -> Path:
    """Three women: one with cancer at the left, one with an implant, one with a side view besides."""
    rows = [
        (1, 10, 101, "L", "CC", 61.0, 1, 1, 1, "", 0, "C", 49, False),
        (1, 10, 102, "L", "MLO", 61.0, 1, 1, 1, "", 0, "C", 49, False),
        (1, 10, 103, "R", "CC", 61.0, 0, 0, 0, 1.0, 0, "C", 49, False),
        (1, 10, 104, "R", "MLO", 61.0, 0, 0, 0, 1.0, 0, "", 49, False),
        (2, 11, 111, "L", "CC", 50.0, 0, 0, 0, 0.0, 1, "", 21, True),
        (2, 12, 121, "L", "MLO", "", 0, 0, 0, "", 0, "A", 21, False),
        (2, 12, 122, "L", "AT", "", 0, 0, 0, "", 0, "A", 21, False),
    ]
    table(root / "train.csv", RSNA, *rows)
    for row in rows:
        image(root / "train_images" / str(row[1]) / f"{row[2]}{suffix}", str(row[3]))
    return root


VINDR = (
    *("study_id", "series_id", "image_id", "laterality", "view_position", "height", "width"),
    *("breast_birads", "breast_density", "split"),
)
VINDR_FINDINGS = (
    *("image_id", "study_id", "series_id", "laterality", "view_position", "height", "width", "breast_birads"),
    *("breast_density", "finding_categories", "finding_birads", "xmin", "ymin", "xmax", "ymax", "split"),
)


def vindr(root: Path) -> Path:
    """Two exams of four images, one of them with a mass and a cluster, one finding without an outline."""
    rows: list[Cells] = []
    findings: list[Cells] = []
    for study, split in (("s1", "training"), ("s2", "test")):
        for side in "LR":
            for view in ("CC", "MLO"):
                name = f"{study}{side}{view}".lower()
                birads = "BI-RADS 5" if (study, side) == ("s1", "R") else "BI-RADS 1"
                rows.append((study, "x", name, side, view, 40, 24, birads, "DENSITY C", split))
                image(root / "images" / study / f"{name}.dicom")
    common = ("s1", "x", "R", "CC", 40, 24, "BI-RADS 5", "DENSITY C")
    both = "['Mass', 'Suspicious Calcification']"
    findings.append(("s1rcc", *common, both, "BI-RADS 5", 3.5, 9, 8, 14.25, "training"))
    findings.append(("s1rcc", *common, "['Nipple Retraction']", "BI-RADS 4", 1, 1, 4, 4, "training"))
    findings.append(("s1rmlo", *common, "['Mass']", "BI-RADS 5", "", "", "", "", "training"))
    findings.append(("s2lcc", *common, "['No Finding']", "", "", "", "", "", "test"))
    table(root / "breast-level_annotations.csv", VINDR, *rows)
    table(root / "finding_annotations.csv", VINDR_FINDINGS, *findings)
    return root


def cmmd(root: Path) -> Path:
    """Two women; only the affected breast is in the clinical table."""
    clinical = [("D1-0001", "R", 44, 2, "mass", "Malignant", ""), ("D1-0002", "L", 40, 2, "both", "Benign", "")]
    table(
        root / "CMMD_clinicaldata_revision.csv",
        ("ID1", "LeftRight", "Age", "number", "abnormality", "classification", "subtype"),
        *clinical,
    )
    rows = []
    for woman in ("D1-0001", "D1-0002"):
        for number, (side, view) in enumerate((("L", "CC"), ("L", "MLO"), ("R", "CC"), ("R", "MLO")), start=1):
            path = f"CMMD/{woman}/07-18-2010-NA-NA-79377/1.000000-NA-{number}/1-{number}.dcm"
            rows.append((path, side, view, "GE"))
            image(root / path)
    table(root / "headers.csv", ("path", "laterality", "view", "machine"), *rows)
    return root


CBIS = (
    *("patient_id", "breast_density", "left or right breast", "image view", "abnormality id", "abnormality type"),
    *("mass shape", "mass margins", "assessment", "pathology", "subtlety"),
    *("image file path", "cropped image file path", "ROI mask file path"),
)


def cbis(root: Path) -> Path:
    """One woman with two findings in one image, one woman of the test part; the second mask and crop are exchanged."""
    rows = []
    for finding, pathology in ((1, "MALIGNANT"), (2, "BENIGN")):
        full, part = "Mass-Training_P_00001_LEFT_CC", f"Mass-Training_P_00001_LEFT_CC_{finding}"
        paths = (f"{full}/1.3/1.4/000000.dcm", f"{part}/1.5/1.6/000000.dcm", f"{part}/1.5/1.6/000001.dcm\n")
        rows.append(("P_00001", 3, "LEFT", "CC", finding, "mass", "OVAL", "", 4, pathology, 4, *paths))
        mask = np.zeros((40, 24), np.uint8)
        mask[10 * finding : 10 * finding + 5, 4:9] = 255
        folder = root / "CBIS-DDSM" / part / "07-20-2016-DDSM-1" / "1.000000-ROI"
        folder.mkdir(parents=True)
        names = ("1-1.png", "1-2.png") if finding == 1 else ("1-2.png", "1-1.png")
        Image.fromarray(np.full((6, 6), 200, np.uint8)).save(folder / names[0])
        Image.fromarray(mask).save(folder / names[1])
    image(root / "CBIS-DDSM" / "Mass-Training_P_00001_LEFT_CC" / "07-20-2016" / "1.0-full" / "1-1.png")
    table(root / "mass_case_description_train_set.csv", CBIS, *rows)
    full = "Calc-Test_P_00038_RIGHT_MLO"
    paths = (f"{full}/1/2/000000.dcm", f"{full}_1/1/2/000000.dcm", f"{full}_1/1/2/000001.dcm")
    columns = [name.replace("breast_density", "breast density") for name in CBIS]
    row = ("P_00038", 2, "RIGHT", "MLO", 1, "calcification", "", "", 2, "BENIGN_WITHOUT_CALLBACK", 2, *paths)
    table(root / "calc_case_description_test_set.csv", columns, row)
    image(root / "CBIS-DDSM" / full / "08-29-2017" / "1.0-full" / "1-1.png", "R")
    return root


INBREAST = ("Patient ID", "Patient age", "Laterality", "View", "Acquisition date", "File Name", "ACR", "Bi-Rads")


def inbreast(root: Path) -> Path:
    """Two images of one woman; one outline file with a mass and one with an empty outline."""
    rows = [
        ("removed", "removed", "R", "CC", 201001, 20586908, 4, 1),
        ("removed", "removed", "L", "MLO", 201001, 20586934, 4, "4c"),
    ]
    table(root / "INbreast.csv", INBREAST, *rows, delimiter=";")
    for row in rows:
        image(root / "AllDICOMs" / f"{row[5]}_6c613a14b80a8591_MG_{row[2]}_{row[3]}_ANON.dcm")
    regions = [
        {"Name": "Mass", "Point_px": ["(5.5, 7.25)", "(9.0, 12.0)", "(6.0, 15.0)"]},
        {"Name": "Calcification", "Point_px": []},
    ]
    (root / "AllXML").mkdir()
    (root / "AllXML" / "20586934.xml").write_bytes(plistlib.dumps({"Images": [{"ROIs": regions}]}))
    return root


LABELS = ("Normal", "Actionable", "Benign", "Cancer")


def bcs_dbt(root: Path) -> Path:
    """Two women in training, one in the test part; the first has a biopsied cancer and a repeated view."""
    keys = ("PatientID", "StudyUID", "View")
    volumes = {
        "train": [("P1", "S1", "lcc", "Cancer"), ("P1", "S1", "lcc2", "Cancer"), ("P2", "S2", "rmlo", "Normal")],
        "test": [("P3", "S3", "rcc", "Benign")],
    }
    for split, rows in volumes.items():
        paths, labels = [], []
        for number, (woman, study, view, label) in enumerate(rows, start=1):
            path = f"Breast-Cancer-Screening-DBT/{woman}/01-01-2000-{study}/{number}.000000-NA-1/1-1.dcm"
            image(root / path)
            paths.append((woman, study, view, path, path.replace(study, "9.9.9")))
            labels.append(
                (woman, study, view, *(int(name == label) for name in ("Normal", "Actionable", "Benign", "Cancer")))
            )
        columns = (*keys, "descriptive_path", "classic_path")
        table(root / f"BCS-DBT-file-paths-{split}-v2.csv", columns, *paths)
        table(root / f"BCS-DBT-labels-{split}-v2.csv", (*keys, *LABELS), *labels)
    box_columns = (*keys, "Subject", "Slice", "X", "Y", "Width", "Height", "Class", "AD", "VolumeSlices")
    boxes = [
        ("P1", "S1", "lcc", 1, 31, 120, 400, 60, 80, "cancer", 1, 64),
        ("P9", "S9", "lcc", 1, 3, 1, 1, 2, 2, "benign", 0, 9),
    ]
    table(root / "BCS-DBT-boxes-train-v2.csv", box_columns, *boxes)
    return root


EMBED = (
    *("empi_anon", "acc_anon", "anon_dicom_path", "ImageLateralityFinal", "ViewPosition", "FinalImageType"),
    *("spot_mag", "num_roi", "ROI_coords", "ManufacturerModelName"),
)
EMBED_CLINICAL = ("empi_anon", "acc_anon", "side", "asses", "tissueden", "path_severity", "age_at_study", "numfind")


def embed(root: Path) -> Path:
    """An exam with cancer at the right, one without a biopsy, a synthetic and a spot view, an exam without findings."""
    store = "/mnt/NAS2/mammo/anon_dicom/cohort_1/"
    rows = [
        (1, 100, "a/1.dcm", "R", "CC", "2D", "", 1, "((10, 20, 30, 44),)", "Selenia"),
        (1, 100, "a/2.dcm", "L", "CC", "2D", "", 0, "()", "Selenia"),
        (1, 100, "a/3.dcm", "R", "MLO", "cview", "", 0, "()", "Selenia"),
        (2, 200, "b/4.dcm", "L", "MLO", "2D", "", 0, "()", "Selenia"),
        (2, 200, "b/5.dcm", "L", "MLO", "2D", "1.0", 0, "()", "Selenia"),
        (3, 300, "c/6.dcm", "L", "MLO", "2D", "", 0, "((1, 2, 3),)", "Selenia"),
    ]
    for row in rows:
        image(root / "images" / "cohort_1" / str(row[2]))
    table(root / "EMBED_OpenData_metadata.csv", EMBED, *((*row[:2], store + str(row[2]), *row[3:]) for row in rows))
    clinical = [
        (1, 100, "R", "S", 3.0, 0.0, 55.2, 1),
        (1, 100, "R", "B", 3.0, 4.0, 55.2, 2),
        (1, 100, "L", "B", 3.0, 4.0, 55.2, 3),
        (2, 200, "", "N", 2.0, "", 61.0, 1),
    ]
    table(root / "EMBED_OpenData_clinical.csv", EMBED_CLINICAL, *clinical)
    return root


LAYOUTS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "rsna": (rsna, "train.csv"),
    "vindr": (vindr, "finding_annotations.csv"),
    "cmmd": (cmmd, "headers.csv"),
    "cbis-ddsm": (cbis, "mass_case_description_train_set.csv"),
    "inbreast": (inbreast, "INbreast.csv"),
    "bcs-dbt": (bcs_dbt, "BCS-DBT-labels-train-v2.csv"),
    "embed": (embed, "EMBED_OpenData_clinical.csv"),
}
"""Layout -> how to write its folder, and a table it cannot do without."""
