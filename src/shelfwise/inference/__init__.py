"""Trained models at work: engines behind one small protocol, and the classifier."""
