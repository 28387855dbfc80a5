"""What the model said of each photo, and what people said of that."""
