-- The first schema. Numbers are unsigned and below 2^63; times are milliseconds since 1970
-- unless said otherwise; names are canonical URIs as text (ID-5).
PRAGMA application_id = 1752132717; -- "holm"

-- A room's log as far as this server holds it (LOG-2). `base` is where its newest copy begins:
-- the copy holds base + 1 to seq without a gap. Entries of earlier copies stay below.
CREATE TABLE log (
    id INTEGER PRIMARY KEY,
    room TEXT NOT NULL UNIQUE,
    base INTEGER NOT NULL CHECK (base >= 0),
    seq INTEGER NOT NULL CHECK (seq >= base),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    time INTEGER NOT NULL CHECK (time >= 0),
    generation INTEGER NOT NULL CHECK (generation >= 0),
    epoch INTEGER NOT NULL CHECK (epoch >= 0),
    epoch_floor INTEGER NOT NULL CHECK (epoch_floor >= 0),
    commit_seq INTEGER NOT NULL CHECK (commit_seq >= 0),
    fence INTEGER NOT NULL CHECK (fence >= 0)
) STRICT;

-- Exact bytes (LOG-1). Numbered in the order they were stored, so that new rows stand together at
-- the end of the file; `idempotency_key` is the submit it came from, half of its hash.
CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    log INTEGER NOT NULL REFERENCES log (id),
    seq INTEGER NOT NULL CHECK (seq > 0),
    kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 65535),
    bytes BLOB NOT NULL,
    welcome BLOB,
    interim BLOB CHECK (length(interim) = 32),
    welcome_servers TEXT, -- a JSON array
    idempotency_key BLOB CHECK (length(idempotency_key) = 16),
    UNIQUE (log, seq),
    CHECK ((welcome IS NULL) = (interim IS NULL)),
    CHECK ((welcome IS NULL) = (welcome_servers IS NULL))
) STRICT;

-- Which submit became which event (LOG-9); apart from `event`, so that it can be pruned by itself.
CREATE TABLE submitted (
    log INTEGER NOT NULL REFERENCES log (id),
    idempotency_key BLOB NOT NULL CHECK (length(idempotency_key) = 16),
    seq INTEGER NOT NULL CHECK (seq > 0),
    PRIMARY KEY (log, idempotency_key)
) STRICT, WITHOUT ROWID;

-- `submitted` has the submits of all events up to this one; those of later ones are held in
-- memory, and read again from `event` at the start.
CREATE TABLE submitted_mark (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    event INTEGER NOT NULL CHECK (event >= 0)
) STRICT;
INSERT INTO submitted_mark VALUES (1, 0);

-- One Bloom filter for each run of ids that was moved into `submitted`, by the mark behind it.
CREATE TABLE submitted_filter (event INTEGER PRIMARY KEY, bits BLOB NOT NULL) STRICT;

-- A name is never given again, so rows are never deleted (ACC-1).
CREATE TABLE account (
    user TEXT PRIMARY KEY,
    password_hash TEXT NOT NULL,
    consent TEXT -- who may claim KeyPackages: a JSON array of users, NULL for anyone (KP-5)
) STRICT, WITHOUT ROWID;

CREATE TABLE device (
    device TEXT PRIMARY KEY,
    user TEXT NOT NULL REFERENCES account (user),
    mls_key BLOB NOT NULL CHECK (length(mls_key) = 32),
    identity BLOB NOT NULL
) STRICT, WITHOUT ROWID;
-- One device a user until linking comes; an index can be dropped, a constraint can't.
CREATE UNIQUE INDEX device_user ON device (user);

-- Hashes alone: the database opens no session.
CREATE TABLE token (
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    user TEXT NOT NULL REFERENCES account (user),
    device TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX token_device ON token (device);

-- One row a claim that was answered with packages (FED-2).
CREATE TABLE claim (
    id INTEGER PRIMARY KEY,
    claim_id BLOB NOT NULL UNIQUE CHECK (length(claim_id) = 16),
    user TEXT NOT NULL REFERENCES account (user),
    requester TEXT NOT NULL,
    room TEXT NOT NULL,
    hub TEXT NOT NULL,
    time INTEGER NOT NULL CHECK (time >= 0)
) STRICT;

-- In order of upload; `expires` in seconds since 1970.
CREATE TABLE key_package (
    id INTEGER PRIMARY KEY,
    reference BLOB NOT NULL UNIQUE CHECK (length(reference) = 32),
    device TEXT NOT NULL REFERENCES device (device),
    expires INTEGER NOT NULL CHECK (expires >= 0),
    claim INTEGER REFERENCES claim (id),
    bytes BLOB NOT NULL
) STRICT;
CREATE INDEX key_package_unclaimed ON key_package (device, id) WHERE claim IS NULL;
CREATE INDEX key_package_claim ON key_package (claim) WHERE claim IS NOT NULL;

-- All below is folded from the logs.
CREATE TABLE room (
    room TEXT NOT NULL UNIQUE,
    hub TEXT NOT NULL,
    folded_seq INTEGER NOT NULL CHECK (folded_seq >= 0),
    stopped TEXT,
    servers TEXT NOT NULL, -- a JSON array
    snapshot BLOB NOT NULL
) STRICT;
CREATE INDEX room_hub ON room (hub);

-- The newest signed head that was held against this server's copy (HEAD-5), written now and then.
CREATE TABLE room_head (
    room TEXT PRIMARY KEY REFERENCES room (room),
    bytes BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Evidence that a hub signed two histories (HEAD-8): one a room and term, never deleted.
CREATE TABLE fork (
    room TEXT NOT NULL,
    term INTEGER NOT NULL CHECK (term >= 0),
    hub TEXT NOT NULL,
    seq INTEGER NOT NULL CHECK (seq >= 0),
    found INTEGER NOT NULL CHECK (found >= 0),
    proof BLOB NOT NULL,
    PRIMARY KEY (room, term)
) STRICT;

-- Devices of this server in rooms: a row for each time one was let in. Runs of one device in one
-- room do not overlap.
CREATE TABLE membership (
    device TEXT NOT NULL,
    room TEXT NOT NULL REFERENCES room (room),
    anchor INTEGER NOT NULL CHECK (anchor >= 0),
    until INTEGER CHECK (until >= anchor),
    delivered INTEGER NOT NULL CHECK (delivered >= 0),
    read INTEGER NOT NULL CHECK (read >= 0),
    PRIMARY KEY (device, room, anchor)
) STRICT, WITHOUT ROWID;
CREATE INDEX membership_room ON membership (room, until);

-- Other servers in rooms of which this server is hub: a row for each time one was let in.
CREATE TABLE peer (
    room TEXT NOT NULL REFERENCES room (room),
    server TEXT NOT NULL,
    anchor INTEGER NOT NULL CHECK (anchor >= 0),
    until INTEGER CHECK (until >= anchor),
    cursor INTEGER NOT NULL CHECK (cursor >= 0),
    PRIMARY KEY (room, server, anchor)
) STRICT, WITHOUT ROWID;
CREATE INDEX peer_server ON peer (server);

-- Orders that wait for their commit (ORD-1); `subject` in its binary form.
CREATE TABLE removal_order (
    id INTEGER PRIMARY KEY,
    room TEXT NOT NULL REFERENCES room (room),
    subject BLOB NOT NULL,
    bytes BLOB NOT NULL,
    UNIQUE (room, subject)
) STRICT;

-- Ratchet trees that joiners may still need; `payer` is the other server it counts for.
CREATE TABLE tree (
    room TEXT NOT NULL REFERENCES room (room),
    seq INTEGER NOT NULL CHECK (seq >= 0),
    bytes BLOB NOT NULL,
    payer TEXT,
    PRIMARY KEY (room, seq)
) STRICT;

-- Bytes of events, Welcomes and trees that stand above because of another server (FED-24): a sum,
-- written with what it counts.
CREATE TABLE stored_bytes (
    server TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL CHECK (bytes >= 0)
) STRICT, WITHOUT ROWID;

-- Messages held for hubs that are away (SYNC-16), in the order they were held; `len` stands beside
-- the bytes so that the bounds are counted on an index alone.
CREATE TABLE held_message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    room TEXT NOT NULL,
    hub TEXT NOT NULL,
    user TEXT NOT NULL,
    device TEXT NOT NULL,
    client_msg_id BLOB NOT NULL CHECK (length(client_msg_id) = 16),
    time INTEGER NOT NULL CHECK (time >= 0),
    len INTEGER NOT NULL CHECK (len = length(message)),
    message BLOB NOT NULL,
    UNIQUE (room, user, client_msg_id)
) STRICT;
CREATE INDEX held_order ON held_message (room, id);
CREATE INDEX held_device ON held_message (device, len);
CREATE INDEX held_hub ON held_message (hub, len);

-- The last server document of each other server that held (DOC-2): exact bytes.
CREATE TABLE server_document (
    server TEXT PRIMARY KEY,
    root BLOB NOT NULL CHECK (length(root) = 32),
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    document BLOB NOT NULL
) STRICT;

-- What is remembered of other servers beside their documents (DISC-11, DOC-9), and whom the
-- operator has blocked (FED-21).
CREATE TABLE known_server (
    server TEXT PRIMARY KEY,
    new_pin BLOB CHECK (length(new_pin) = 32),
    new_pin_since INTEGER CHECK ((new_pin_since IS NULL) = (new_pin IS NULL)),
    accepted BLOB CHECK (length(accepted) = 32),
    replaced INTEGER NOT NULL DEFAULT 0,
    blocked INTEGER NOT NULL DEFAULT 0
) STRICT;

PRAGMA user_version = 1;
