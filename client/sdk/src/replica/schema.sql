-- The local replica, first version. Times are milliseconds since 1970; `room` columns are room.id.
CREATE TABLE account (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    user TEXT NOT NULL,
    device TEXT NOT NULL,
    token TEXT,
    name TEXT NOT NULL DEFAULT '',
    identity_seed BLOB NOT NULL,
    mls_seed BLOB NOT NULL,
    identity BLOB NOT NULL,
    enrolled INTEGER NOT NULL DEFAULT 0
);
-- Rows of OpenMLS, each as one part, or as several where it is large.
CREATE TABLE key_row (
    scope BLOB NOT NULL,
    name BLOB NOT NULL,
    part INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (scope, name, part)
);
CREATE TABLE room (
    id INTEGER PRIMARY KEY,
    uri TEXT NOT NULL UNIQUE,
    state INTEGER NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    generation INTEGER NOT NULL,
    anchor INTEGER NOT NULL,
    entry_epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    time INTEGER NOT NULL,
    head BLOB,
    ahead BLOB,
    -- Number of the newest event that the user has seen on this device.
    read INTEGER NOT NULL DEFAULT 0,
    creation BLOB
);
CREATE TABLE participant (
    room INTEGER NOT NULL,
    user TEXT NOT NULL,
    PRIMARY KEY (room, user)
) WITHOUT ROWID;
-- Hashes of the newest events, against which heads of others are held.
CREATE TABLE chain (
    room INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (room, seq)
) WITHOUT ROWID;
CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    room INTEGER NOT NULL,
    seq INTEGER,
    user TEXT NOT NULL,
    device TEXT NOT NULL,
    msg_id BLOB NOT NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    time INTEGER NOT NULL,
    state INTEGER NOT NULL,
    problem TEXT NOT NULL DEFAULT '',
    -- What it does, its name, and which other message that is about.
    kind INTEGER NOT NULL,
    message_id BLOB,
    about BLOB,
    content BLOB NOT NULL,
    -- When it is to be forgotten, milliseconds since 1970; or how long after it was read.
    expires_at INTEGER,
    expires_after INTEGER,
    UNIQUE (room, device, msg_id)
);
CREATE INDEX message_seq ON message (room, seq);
CREATE INDEX message_name ON message (room, message_id) WHERE message_id IS NOT NULL;
CREATE INDEX message_about ON message (room, about) WHERE about IS NOT NULL;
CREATE INDEX message_expires ON message (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX message_unread ON message (room, seq) WHERE expires_after IS NOT NULL;
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    room INTEGER NOT NULL,
    msg_id BLOB NOT NULL,
    content BLOB NOT NULL,
    ciphertext BLOB,
    epoch INTEGER,
    -- Whether the server holds it, as far as this connection knows.
    held INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX outbox_room ON outbox (room, id);
-- What this device has sent, by hash: its own messages do not open again.
CREATE TABLE sent_ciphertext (
    room INTEGER NOT NULL,
    hash BLOB NOT NULL,
    msg_id BLOB NOT NULL,
    PRIMARY KEY (room, hash)
) WITHOUT ROWID;
CREATE TABLE unopened (
    room INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (room, seq)
) WITHOUT ROWID;
CREATE TABLE pending_commit (
    room INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    request BLOB NOT NULL
);
CREATE TABLE claim (
    room INTEGER NOT NULL,
    user TEXT NOT NULL,
    claim_id BLOB NOT NULL,
    PRIMARY KEY (room, user)
) WITHOUT ROWID;
CREATE TABLE open_order (
    room INTEGER NOT NULL,
    subject BLOB NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (room, subject)
) WITHOUT ROWID;
-- Identity keys by user; the first one seen is the one trusted.
CREATE TABLE known_identity (
    user TEXT NOT NULL,
    key BLOB NOT NULL,
    generation INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    PRIMARY KEY (user, key)
) WITHOUT ROWID;
CREATE TABLE server_document (
    server TEXT PRIMARY KEY,
    document BLOB NOT NULL
) WITHOUT ROWID;
-- Evidence: two signed heads that contradict each other, and other things a person must hear.
CREATE TABLE alarm (
    id INTEGER PRIMARY KEY,
    room INTEGER NOT NULL,
    time INTEGER NOT NULL,
    what TEXT NOT NULL,
    first BLOB,
    second BLOB,
    UNIQUE (room, what)
);
