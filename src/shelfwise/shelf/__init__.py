"""What is on a shelf photo: the detector of products, rows, facings, gaps, and the comparison with a planogram."""
