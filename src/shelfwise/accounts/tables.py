"""The tables of accounts. Secrets are kept as SHA-256 (hexadecimal), passwords as argon2id.

``user_roles.role`` is one of reader, clerk, manager; the admins' role is ``users.admin``. A session that has ended is
deleted; a token that was revoked and a link that was used keep their row. ``replies.status`` is null while the
first request with the key is being answered.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from shelfwise.database import Id, UtcTime, metadata

__all__ = ["audit_log", "invitations", "replies", "sessions", "throttles", "tokens", "user_roles", "users"]

HASH: Final = 64

users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("name_key", String(256), nullable=False, unique=True),
    Column("password", String(256)),
    Column("admin", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("disabled_at", UtcTime),
    Column("last_seen", UtcTime),
)

user_roles = Table(
    "user_roles",
    metadata,
    Column("user_id", Id, ForeignKey("users.id"), primary_key=True),
    Column("store_id", Id, ForeignKey("stores.id"), primary_key=True),
    Column("role", String(8), nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("user_id", Id, ForeignKey("users.id"), nullable=False),
    Column("secret_hash", String(HASH), nullable=False, unique=True),
    Column("device", String(200), nullable=False),
    Column("address", String(64), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("last_used", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Index("ix_sessions_user_id", "user_id"),
    Index("ix_sessions_expires_at", "expires_at"),
    # An id is never given twice: who ends a session by its id must not end another one's.
    sqlite_autoincrement=True,
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Id, primary_key=True),
    Column("user_id", Id, ForeignKey("users.id"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("secret_hash", String(HASH), nullable=False, unique=True),
    Column("scopes", JSON, nullable=False),
    Column("store_ids", JSON(none_as_null=True)),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    Column("last_used", UtcTime),
    Column("revoked_at", UtcTime),
    Index("ix_tokens_user_id", "user_id"),
)

invitations = Table(
    "invitations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("secret_hash", String(HASH), nullable=False, unique=True),
    Column("kind", String(8), nullable=False),
    Column("name", String(64)),
    Column("user_id", Id, ForeignKey("users.id")),
    Column("admin", Boolean, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("used_at", UtcTime),
    Index("ix_invitations_expires_at", "expires_at"),
)

throttles = Table(
    "throttles",
    metadata,
    Column("subject", String(HASH), primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("last_at", UtcTime, nullable=False),
    Column("blocked_until", UtcTime, nullable=False),
    Index("ix_throttles_last_at", "last_at"),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("user_name", String(64), nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("details", JSON, nullable=False),
    Column("address", String(64)),
    Index("ix_audit_log_at_id", "at", "id"),
    Index("ix_audit_log_user_name_at_id", "user_name", "at", "id"),
    Index("ix_audit_log_action_at_id", "action", "at", "id"),
)

replies = Table(
    "replies",
    metadata,
    Column("user_id", Id, ForeignKey("users.id"), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("method", String(8), nullable=False),
    Column("path", Text, nullable=False),
    Column("fingerprint", String(HASH), nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("status", Integer),
    Column("headers", JSON(none_as_null=True)),
    Column("body", LargeBinary),
    Index("ix_replies_started_at", "started_at"),
)
