"""The AI second reader: slots, scores, calibration, refusal."""
