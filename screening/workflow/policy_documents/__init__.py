"""The reading policies that ship with the service, one TOML document each; data, no code."""
