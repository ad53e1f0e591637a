-- A store as schema 8 wrote it, with rows in every table. Never to be changed.
BEGIN TRANSACTION;
CREATE TABLE changes (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        topic TEXT NOT NULL,
        target TEXT NOT NULL,
        kind TEXT NOT NULL DEFAULT '',
        name TEXT NOT NULL DEFAULT ''
    );
INSERT INTO "changes" VALUES(41,'job','local','training','kept');
INSERT INTO "changes" VALUES(42,'target','local','','');
CREATE TABLE cursors (
        target TEXT NOT NULL,
        kind TEXT NOT NULL,
        polled_to REAL NOT NULL DEFAULT 0,
        history_done INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (target, kind)
    );
INSERT INTO "cursors" VALUES('local','training',1700000060.5,0);
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
INSERT INTO "jobs" VALUES(7,'local','training','kept','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','Failed','Failed',1700000000.25,1700000060.5,1700000001.0,1700000060.5,'AlgorithmError: größer','{"category": "user-script-exception", "title": "The script failed", "what_happened": "ValueError: gr\u00f6\u00dfer", "likely_cause": "", "fixes": ["Mend it."], "actions": [{"type": "open"}], "entities": {"error": "ValueError: gr\u00f6\u00dfer"}, "docs_url": null, "raw": "ValueError: gr\u00f6\u00dfer", "confidence": 0.9}','{"TrainingJobName": "kept", "HyperParameters": {"epochs": "3", "sagemaker_program": "\"train.py\""}, "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 30}}','[{"status": "Submitting", "start": 1700000000.25, "end": 1700000001.0, "message": ""}, {"status": "Training", "start": 1700000001.0, "end": 1700000060.5, "message": "Training"}, {"status": "Failed", "start": 1700000060.5, "end": 1700000060.5, "message": ""}]','train.py',59,'file:///tmp/model.tar.gz','{"name": "accuracy", "value": 0.75, "recent": [0.5, 0.75]}','{"current": 2, "total": 3, "unit": "epoch", "percent": 66.7}',0,1700000100.0,3,1,'[]',NULL,1,0,'','ended','',1,'[]');
INSERT INTO "jobs" VALUES(8,'local','training','waiting','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','Submitting','',1700000002.0,1700000002.0,NULL,NULL,NULL,NULL,'{"TrainingJobName": "waiting", "HyperParameters": {"epochs": "3", "sagemaker_program": "\"train.py\""}, "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 30}}','[{"status": "Submitting", "start": 1700000000.25, "end": 1700000001.0, "message": ""}]','',NULL,NULL,NULL,NULL,1,0.0,0,0,'[]',NULL,1,0,'','submitting','',1,'[]');
CREATE TABLE leases (
        target TEXT PRIMARY KEY,
        holder TEXT NOT NULL,
        host TEXT NOT NULL,
        pid INTEGER NOT NULL,
        rank INTEGER NOT NULL,
        claimed_rank INTEGER NOT NULL DEFAULT 0,
        expires_at REAL NOT NULL
    );
INSERT INTO "leases" VALUES('local','someone','elsewhere',1,2,0,1700000076.0);
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
INSERT INTO "log_blocks" VALUES(7,0,3,0,X'090A0B',X'050000000500000005000000',X'108FE5CF8B010000118FE5CF8B010000128FE5CF8B010000',X'090000001100000014000000',X'65706F636820312F330A31303025205F6F64645F205C20746578740A56616C75654572726F723A206772C3B6C39F65720A');
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
INSERT INTO "point_blocks" VALUES(1,0,X'0100000000000000108FE5CF8B010000000000000000E03F020000000000000020B6E5CF8B010000000000000000E83F');
INSERT INTO "point_blocks" VALUES(2,0,X'020000000000000020B6E5CF8B010000000000000000F87F');
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
INSERT INTO "series" VALUES(1,7,5,'accuracy');
INSERT INTO "series" VALUES(2,7,5,'loss');
CREATE TABLE steps (
        submission_id TEXT NOT NULL,
        number INTEGER NOT NULL,
        operation TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('pending', 'calling', 'done')),
        PRIMARY KEY (submission_id, number),
        FOREIGN KEY (submission_id) REFERENCES submissions (id) ON DELETE CASCADE
    ) WITHOUT ROWID;
INSERT INTO "steps" VALUES('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',0,'CreateTrainingJob','done');
INSERT INTO "steps" VALUES('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',0,'CreateTrainingJob','calling');
CREATE TABLE streams (
        id INTEGER PRIMARY KEY,
        job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        token TEXT NOT NULL DEFAULT '', parser TEXT,
        UNIQUE (job_id, name)
    );
INSERT INTO "streams" VALUES(5,7,'kept/algo-1-1700000001','f/120',NULL);
CREATE TABLE "submissions" (
        id TEXT PRIMARY KEY,
        job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        state TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'rejected')),
        attempts INTEGER NOT NULL DEFAULT 0,
        next_attempt_at REAL NOT NULL DEFAULT 0,
        staged INTEGER NOT NULL DEFAULT 0,
        create_bucket INTEGER NOT NULL DEFAULT 0
    );
INSERT INTO "submissions" VALUES('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',7,'accepted',1,0.0,0,0);
INSERT INTO "submissions" VALUES('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',8,'open',3,1700000005.5,0,0);
CREATE TABLE targets (
        name TEXT PRIMARY KEY,
        health TEXT NOT NULL DEFAULT 'ready',
        reason TEXT,
        as_of REAL);
INSERT INTO "targets" VALUES('local','stale','local can''t be reached: no',1700000061.0);
CREATE TABLE wanted (
        target TEXT NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        answer TEXT,
        PRIMARY KEY (target, kind, name)
    );
CREATE INDEX jobs_by_time ON jobs (created_at DESC);
CREATE INDEX jobs_to_stop ON jobs (target) WHERE stop_requested = 1;
CREATE INDEX jobs_to_read ON jobs (target) WHERE log_closed = 0;
CREATE INDEX jobs_by_name ON jobs (name);
CREATE INDEX points_by_series ON point_blocks (series_id);
CREATE INDEX points_open ON point_blocks (series_id) WHERE is_sealed = 0;
CREATE INDEX jobs_open ON jobs (target, kind) WHERE phase = 'open';
CREATE INDEX jobs_by_parent ON jobs (target, parent) WHERE parent != '';
CREATE INDEX submissions_open ON submissions (state) WHERE state = 'open';
CREATE INDEX submissions_by_job ON submissions (job_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('changes',42);
COMMIT;
PRAGMA user_version=8;
