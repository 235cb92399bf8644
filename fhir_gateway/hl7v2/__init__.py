"""HL7 v2 border. So far only how errors are answered; messages come with the MLLP listener."""
