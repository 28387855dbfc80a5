"""The shop's server: a REST API under ``/api/v1`` and the pages that people see, of one open shop."""

__all__: list[str] = []
