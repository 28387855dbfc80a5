"""Who may do what: users with roles per store, sessions, tokens, one-time links, the audit log, kept replies.

Import from the modules: :mod:`~shelfwise.accounts.users` brings argon2, and most that need an
:class:`~shelfwise.accounts.records.Actor` do not need that.
"""

from __future__ import annotations
