"""AI readers are plug-ins: what one must declare, how one is found, and what is checked around each of its reads."""
