"""Training of the detector: crops of photos, which place finds which product, losses, the loop, measures."""
