-- A store as schema 2 wrote it, with rows in every table. Never to be changed.
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
INSERT INTO "jobs" VALUES(7,'local','training','kept','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','Failed','Failed',1700000000.25,1700000060.5,1700000001.0,1700000060.5,'AlgorithmError: größer','{"category": "user-script-exception", "title": "The script failed", "what_happened": "ValueError: gr\u00f6\u00dfer", "likely_cause": "", "fixes": ["Mend it."], "actions": [{"type": "open"}], "entities": {"error": "ValueError: gr\u00f6\u00dfer"}, "docs_url": null, "raw": "ValueError: gr\u00f6\u00dfer", "confidence": 0.9}','{"TrainingJobName": "kept", "HyperParameters": {"epochs": "3", "sagemaker_program": "\"train.py\""}, "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 30}}','[{"status": "Submitting", "start": 1700000000.25, "end": 1700000001.0, "message": ""}, {"status": "Training", "start": 1700000001.0, "end": 1700000060.5, "message": "Training"}, {"status": "Failed", "start": 1700000060.5, "end": 1700000060.5, "message": ""}]','train.py',59,'file:///tmp/model.tar.gz','{"name": "accuracy", "value": 0.75, "recent": [0.5, 0.75]}','{"current": 2, "total": 3, "unit": "epoch", "percent": 66.7}',0,1700000100.0,3,1);
INSERT INTO "jobs" VALUES(8,'local','training','waiting','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','Submitting','',1700000002.0,1700000002.0,NULL,NULL,NULL,NULL,'{"TrainingJobName": "waiting", "HyperParameters": {"epochs": "3", "sagemaker_program": "\"train.py\""}, "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 30}}','[{"status": "Submitting", "start": 1700000000.25, "end": 1700000001.0, "message": ""}]','',NULL,NULL,NULL,NULL,1,0.0,0,0);
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
CREATE TABLE metrics (
        job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        stream_id INTEGER NOT NULL,
        timestamp_ms INTEGER NOT NULL,
        step INTEGER,
        value REAL
    );
INSERT INTO "metrics" VALUES(7,'accuracy',5,1700000010000,1,0.5);
INSERT INTO "metrics" VALUES(7,'accuracy',5,1700000020000,2,0.75);
INSERT INTO "metrics" VALUES(7,'loss',5,1700000020000,2,NULL);
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
INSERT INTO "records" VALUES(7,0,1700000010000,5,'info','script','epoch 1/3');
INSERT INTO "records" VALUES(7,1,1700000010001,5,'warning','script','100% _odd_ \ text');
INSERT INTO "records" VALUES(7,2,1700000010002,5,'error','script','ValueError: größer');
CREATE TABLE streams (
        id INTEGER PRIMARY KEY,
        job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        token TEXT NOT NULL DEFAULT '',
        UNIQUE (job_id, name)
    );
INSERT INTO "streams" VALUES(5,7,'kept/algo-1-1700000001','f/120');
CREATE TABLE submissions (
        id TEXT PRIMARY KEY,
        job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        state TEXT NOT NULL CHECK (state IN ('pending', 'creating', 'accepted', 'rejected')),
        attempts INTEGER NOT NULL DEFAULT 0,
        next_attempt_at REAL NOT NULL DEFAULT 0
    );
INSERT INTO "submissions" VALUES('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',7,'accepted',1,0.0);
INSERT INTO "submissions" VALUES('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',8,'creating',3,1700000005.5);
CREATE TABLE targets (
        name TEXT PRIMARY KEY,
        health TEXT NOT NULL DEFAULT 'ready',
        reason TEXT,
        as_of REAL,
        polled_to REAL NOT NULL DEFAULT 0
    );
INSERT INTO "targets" VALUES('local','stale','local can''t be reached: no',1700000061.0,1700000060.5);
CREATE INDEX jobs_by_time ON jobs (created_at DESC);
CREATE INDEX submissions_open ON submissions (state) WHERE state IN ('pending', 'creating');
CREATE INDEX metrics_by_job ON metrics (job_id, name);
CREATE INDEX jobs_to_stop ON jobs (target) WHERE stop_requested = 1;
CREATE INDEX jobs_to_read ON jobs (target) WHERE log_closed = 0;
CREATE INDEX jobs_by_name ON jobs (name);
CREATE INDEX submissions_by_job ON submissions (job_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('changes',42);
COMMIT;
PRAGMA user_version=2;
