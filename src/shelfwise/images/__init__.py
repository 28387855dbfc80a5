"""From the bytes of a photo to the pixels a network sees; the same path in training and in serving."""
