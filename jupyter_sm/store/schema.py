"""The store's schema, as numbered steps. A step, once released, is never changed.

A step is SQL, or a function where data are to be written anew. `PRAGMA user_version` holds the
number of steps a file has taken.
"""

import sqlite3
from collections.abc import Callable

from jupyter_sm.store.migrate_logs import into_blocks

MIGRATIONS: tuple[str | Callable[[sqlite3.Connection], None], ...] = (
    """
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
        log_closed INTEGER NOT NULL DEFAULT 0,
        UNIQUE (target, kind, name)
    );
    CREATE INDEX jobs_by_time ON jobs (created_at DESC);
    CREATE TABLE submissions (
        id TEXT PRIMARY KEY,
        job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        state TEXT NOT NULL CHECK (state IN ('pending', 'creating', 'accepted', 'rejected')),
        attempts INTEGER NOT NULL DEFAULT 0,
        next_attempt_at REAL NOT NULL DEFAULT 0
    );
    CREATE INDEX submissions_open ON submissions (state) WHERE state IN ('pending', 'creating');
    CREATE TABLE targets (
        name TEXT PRIMARY KEY,
        health TEXT NOT NULL DEFAULT 'ready',
        reason TEXT,
        as_of REAL,
        polled_to REAL NOT NULL DEFAULT 0
    );
    CREATE TABLE leases (
        target TEXT PRIMARY KEY,
        holder TEXT NOT NULL,
        host TEXT NOT NULL,
        pid INTEGER NOT NULL,
        rank INTEGER NOT NULL,
        claimed_rank INTEGER NOT NULL DEFAULT 0,
        expires_at REAL NOT NULL
    );
    CREATE TABLE streams (
        id INTEGER PRIMARY KEY,
        job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        token TEXT NOT NULL DEFAULT '',
        UNIQUE (job_id, name)
    );
    CREATE TABLE records (
        job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        seq INTEGER NOT NULL,
        timestamp_ms INTEGER NOT NULL,
        stream_id INTEGER NOT NULL,
        severity TEXT NOT NULL,
        source TEXT NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (job_id, seq)
    ) WITHOUT ROWID;
    CREATE TABLE metrics (
        job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        stream_id INTEGER NOT NULL,
        timestamp_ms INTEGER NOT NULL,
        step INTEGER,
        value REAL
    );
    CREATE INDEX metrics_by_job ON metrics (job_id, name);
    CREATE TABLE changes (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        topic TEXT NOT NULL,
        target TEXT NOT NULL,
        kind TEXT NOT NULL DEFAULT '',
        name TEXT NOT NULL DEFAULT ''
    );
    """,
    # What trackers and faces ask ten times a second is answered from indexes.
    """
    CREATE INDEX jobs_to_stop ON jobs (target) WHERE stop_requested = 1;
    CREATE INDEX jobs_to_read ON jobs (target) WHERE log_closed = 0;
    CREATE INDEX jobs_by_name ON jobs (name);
    CREATE INDEX submissions_by_job ON submissions (job_id);
    """,
    # Targets that cost calls: staging, logs read by event, jobs asked for by name.
    """
    ALTER TABLE submissions ADD COLUMN staged INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE submissions ADD COLUMN create_bucket INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE jobs ADD COLUMN notes TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE jobs ADD COLUMN log_note TEXT;
    ALTER TABLE jobs ADD COLUMN log_due INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE jobs ADD COLUMN log_from_ms INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE targets ADD COLUMN history_done INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE seen_events (
        job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        event INTEGER NOT NULL,
        PRIMARY KEY (job_id, event)
    ) WITHOUT ROWID;
    CREATE TABLE wanted (
        target TEXT NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        answer TEXT,
        PRIMARY KEY (target, kind, name)
    );
    CREATE INDEX jobs_open ON jobs (target)
        WHERE status NOT IN ('Completed', 'Failed', 'Stopped', 'Rejected');
    """,
    # Entries and points move into blocks of some hundred.
    """
    ALTER TABLE streams ADD COLUMN parser TEXT;
    ALTER TABLE jobs ADD COLUMN source TEXT NOT NULL DEFAULT '';
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
    CREATE TABLE series (
        id INTEGER PRIMARY KEY,
        job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        stream_id INTEGER NOT NULL,
        name TEXT NOT NULL,
        UNIQUE (job_id, stream_id, name)
    );
    CREATE TABLE point_blocks (
        series_id INTEGER NOT NULL REFERENCES series (id) ON DELETE CASCADE,
        is_sealed INTEGER NOT NULL,
        data BLOB NOT NULL
    );
    CREATE INDEX points_by_series ON point_blocks (series_id);
    CREATE INDEX points_open ON point_blocks (series_id) WHERE is_sealed = 0;
    """,
    into_blocks,
    # What was printed under the last state of a redrawn line is kept for the download.
    """
    CREATE TABLE log_raws (
        job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        seq INTEGER NOT NULL,
        raw BLOB NOT NULL,
        PRIMARY KEY (job_id, seq)
    ) WITHOUT ROWID;
    """,
    # A phase instead of words, a cursor a kind, steps of a submission, and children's parents.
    """
    ALTER TABLE jobs ADD COLUMN phase TEXT NOT NULL DEFAULT 'open';
    UPDATE jobs SET phase = CASE WHEN status = 'Submitting' THEN 'submitting'
        WHEN status IN ('Completed', 'Failed', 'Stopped', 'Rejected') THEN 'ended' ELSE 'open' END;
    ALTER TABLE jobs ADD COLUMN parent TEXT NOT NULL DEFAULT '';
    ALTER TABLE jobs RENAME COLUMN source TO packed_from;
    DROP INDEX jobs_open;
    CREATE INDEX jobs_open ON jobs (target, kind) WHERE phase = 'open';
    CREATE INDEX jobs_by_parent ON jobs (target, parent) WHERE parent != '';
    CREATE TABLE cursors (
        target TEXT NOT NULL,
        kind TEXT NOT NULL,
        polled_to REAL NOT NULL DEFAULT 0,
        history_done INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (target, kind)
    );
    INSERT INTO cursors SELECT name, 'training', polled_to, history_done FROM targets;
    ALTER TABLE targets DROP COLUMN polled_to;
    ALTER TABLE targets DROP COLUMN history_done;
    CREATE TABLE steps (
        submission_id TEXT NOT NULL,
        number INTEGER NOT NULL,
        operation TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('pending', 'calling', 'done')),
        PRIMARY KEY (submission_id, number),
        FOREIGN KEY (submission_id) REFERENCES submissions (id) ON DELETE CASCADE
    ) WITHOUT ROWID;
    CREATE TABLE submissions_with_steps (
        id TEXT PRIMARY KEY,
        job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        state TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'rejected')),
        attempts INTEGER NOT NULL DEFAULT 0,
        next_attempt_at REAL NOT NULL DEFAULT 0,
        staged INTEGER NOT NULL DEFAULT 0,
        create_bucket INTEGER NOT NULL DEFAULT 0
    );
    INSERT INTO submissions_with_steps SELECT id, job_id,
        CASE WHEN state IN ('pending', 'creating') THEN 'open' ELSE state END,
        attempts, next_attempt_at, staged, create_bucket FROM submissions;
    CREATE TABLE old_states AS SELECT id, state FROM submissions;
    DROP TABLE submissions;
    ALTER TABLE submissions_with_steps RENAME TO submissions;
    CREATE INDEX submissions_open ON submissions (state) WHERE state = 'open';
    CREATE INDEX submissions_by_job ON submissions (job_id);
    INSERT INTO steps SELECT id, 0, 'CreateTrainingJob',
        CASE state WHEN 'accepted' THEN 'done' WHEN 'creating' THEN 'calling' ELSE 'pending' END
        FROM old_states;
    DROP TABLE old_states;
    """,
    # Requests of jobs that were tracked held a part of what Describe told; those are asked for anew.
    # And what was packed beside a job's script.
    """
    ALTER TABLE jobs ADD COLUMN request_is_whole INTEGER NOT NULL DEFAULT 1;
    UPDATE jobs SET request_is_whole = submission_id IS NOT NULL;
    ALTER TABLE jobs ADD COLUMN dependencies TEXT NOT NULL DEFAULT '[]';
    """,
    # A bucket that a one-line call names.
    """
    ALTER TABLE submissions ADD COLUMN bucket TEXT NOT NULL DEFAULT '';
    """,
)
