"""The stock book as tables in files, CSV and XLSX: the columns are in ``columns.py`` and docs/stock-files.md."""

from __future__ import annotations
