"""What a developer runs: set-up, generated documents."""
