"""Who may do what: users with roles per store, sessions, tokens, one-time links, the audit log, kept replies."""

from __future__ import annotations
