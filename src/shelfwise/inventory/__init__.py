"""The stock book: products, places and movements, and what is where by them.

Stock changes by movements alone, and movements are only ever added. What is on a shelf follows from them
(:mod:`shelfwise.inventory.tables` says how) and is kept beside them, so that it need not be reckoned to be read.
"""
