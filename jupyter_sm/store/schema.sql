CREATE TABLE changes (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        topic TEXT NOT NULL,
        target TEXT NOT NULL,
        kind TEXT NOT NULL DEFAULT '',
        name TEXT NOT NULL DEFAULT ''
    );

CREATE TABLE cursors (
        target TEXT NOT NULL,
        kind TEXT NOT NULL,
        polled_to REAL NOT NULL DEFAULT 0,
        history_done INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (target, kind)
    );

CREATE TABLE jobs (
        id INTEGER PRIMARY KEY,
        target TEXT NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        submission_id TEXT,
        status TEXT NOT NULL,
        secondary_status TEXT NOT NULL DEFAULT '',
        created_at REAL NOT NULL,
        modified_at REAL NOT NULL,
        started_at REAL,
        ended_at REAL,
        failure_reason TEXT,
        explanation TEXT,
        request TEXT NOT NULL,
        transitions TEXT NOT NULL DEFAULT '[]',
        script TEXT NOT NULL DEFAULT '',
        billable_seconds INTEGER,
        model_uri TEXT,
        metric TEXT,
        progress TEXT,
        stop_requested INTEGER NOT NULL DEFAULT 0,
        watched_until REAL NOT NULL DEFAULT 0,
        log_lines INTEGER NOT NULL DEFAULT 0,
        log_closed INTEGER NOT NULL DEFAULT 0, notes TEXT NOT NULL DEFAULT '[]', log_note TEXT, log_due INTEGER NOT NULL DEFAULT 1, log_from_ms INTEGER NOT NULL DEFAULT 0, packed_from TEXT NOT NULL DEFAULT '', phase TEXT NOT NULL DEFAULT 'open', parent TEXT NOT NULL DEFAULT '', request_is_whole INTEGER NOT NULL DEFAULT 1, dependencies TEXT NOT NULL DEFAULT '[]',
        UNIQUE (target, kind, name)
    );

CREATE INDEX jobs_by_name ON jobs (name);

CREATE INDEX jobs_by_parent ON jobs (target, parent) WHERE parent != '';

CREATE INDEX jobs_by_time ON jobs (created_at DESC);

CREATE INDEX jobs_open ON jobs (target, kind) WHERE phase = 'open';

CREATE INDEX jobs_to_read ON jobs (target) WHERE log_closed = 0;

CREATE INDEX jobs_to_stop ON jobs (target) WHERE stop_requested = 1;

CREATE TABLE leases (
        target TEXT PRIMARY KEY,
        holder TEXT NOT NULL,
        host TEXT NOT NULL,
        pid INTEGER NOT NULL,
        rank INTEGER NOT NULL,
        claimed_rank INTEGER NOT NULL DEFAULT 0,
        expires_at REAL NOT NULL
    );

CREATE TABLE log_blocks (
        job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        first INTEGER NOT NULL,
        count INTEGER NOT NULL,
        is_sealed INTEGER NOT NULL,
        kinds BLOB NOT NULL,
        streams BLOB NOT NULL,
        times BLOB NOT NULL,
        lengths BLOB NOT NULL,
        text BLOB NOT NULL,
        PRIMARY KEY (job_id, first)
    );

CREATE TABLE log_raws (
        job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        seq INTEGER NOT NULL,
        raw BLOB NOT NULL,
        PRIMARY KEY (job_id, seq)
    ) WITHOUT ROWID;

CREATE TABLE point_blocks (
        series_id INTEGER NOT NULL REFERENCES series (id) ON DELETE CASCADE,
        is_sealed INTEGER NOT NULL,
        data BLOB NOT NULL
    );

CREATE INDEX points_by_series ON point_blocks (series_id);

CREATE INDEX points_open ON point_blocks (series_id) WHERE is_sealed = 0;

CREATE TABLE seen_events (
        job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        event INTEGER NOT NULL,
        PRIMARY KEY (job_id, event)
    ) WITHOUT ROWID;

CREATE TABLE series (
        id INTEGER PRIMARY KEY,
        job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        stream_id INTEGER NOT NULL,
        name TEXT NOT NULL,
        UNIQUE (job_id, stream_id, name)
    );

CREATE TABLE sqlite_sequence(name,seq);

CREATE TABLE steps (
        submission_id TEXT NOT NULL,
        number INTEGER NOT NULL,
        operation TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('pending', 'calling', 'done')),
        PRIMARY KEY (submission_id, number),
        FOREIGN KEY (submission_id) REFERENCES submissions (id) ON DELETE CASCADE
    ) WITHOUT ROWID;

CREATE TABLE streams (
        id INTEGER PRIMARY KEY,
        job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        token TEXT NOT NULL DEFAULT '', parser TEXT,
        UNIQUE (job_id, name)
    );

CREATE TABLE "submissions" (
        id TEXT PRIMARY KEY,
        job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        state TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'rejected')),
        attempts INTEGER NOT NULL DEFAULT 0,
        next_attempt_at REAL NOT NULL DEFAULT 0,
        staged INTEGER NOT NULL DEFAULT 0,
        create_bucket INTEGER NOT NULL DEFAULT 0
    , bucket TEXT NOT NULL DEFAULT '');

CREATE INDEX submissions_by_job ON submissions (job_id);

CREATE INDEX submissions_open ON submissions (state) WHERE state = 'open';

CREATE TABLE targets (
        name TEXT PRIMARY KEY,
        health TEXT NOT NULL DEFAULT 'ready',
        reason TEXT,
        as_of REAL);

CREATE TABLE wanted (
        target TEXT NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        answer TEXT,
        PRIMARY KEY (target, kind, name)
    );
