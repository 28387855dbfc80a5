"""Learning: the settings, the loop, checkpoints, measures and the report."""
