"""The use cases, each of which joins several rooms: check, train, cross-validate, evaluate, classify."""
