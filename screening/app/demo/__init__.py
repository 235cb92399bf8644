"""The demonstration: a small synthetic screening round played through the real service, from DICOM to audit."""
