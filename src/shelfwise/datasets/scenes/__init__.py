"""Composed scenes: pictures of many products, put together from cut-outs and painted packages, with known truth."""
