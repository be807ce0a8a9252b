-- +goose Up
-- Types are those that SQLite and PostgreSQL share. Times are microseconds since
-- 1970 in UTC, 0 where there is none; lists are JSON.

-- One row: every change adds one to its version first, so changes wait for each other.
CREATE TABLE state (
	one BIGINT PRIMARY KEY CHECK (one = 1),
	version BIGINT NOT NULL
);
INSERT INTO state (one, version) VALUES (1, 0);

-- What each version changed: whoever holds a picture of the store reads the rest anew.
CREATE TABLE change (
	version BIGINT NOT NULL,
	kind TEXT NOT NULL,
	object TEXT NOT NULL,
	PRIMARY KEY (version, kind, object)
);

CREATE TABLE agency (
	id TEXT PRIMARY KEY,
	code TEXT NOT NULL UNIQUE,
	name TEXT NOT NULL,
	folded TEXT NOT NULL UNIQUE,
	credit_code TEXT NOT NULL,
	level TEXT NOT NULL CHECK (level IN ('city', 'district')),
	parent TEXT NOT NULL,
	district TEXT NOT NULL,
	version BIGINT NOT NULL
);

-- Whose each source of the configuration is: only its agency can publish what it holds.
CREATE TABLE source (
	folded TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	agency TEXT NOT NULL REFERENCES agency (id)
);

CREATE TABLE principal (
	id TEXT PRIMARY KEY,
	login TEXT NOT NULL UNIQUE,
	name TEXT NOT NULL,
	service BIGINT NOT NULL,
	agency TEXT NOT NULL REFERENCES agency (id),
	roles TEXT NOT NULL,
	attributes TEXT NOT NULL,
	demo BIGINT NOT NULL,
	disabled BIGINT NOT NULL,
	version BIGINT NOT NULL
);

CREATE TABLE token (
	id TEXT PRIMARY KEY,
	principal TEXT NOT NULL REFERENCES principal (id),
	hash TEXT NOT NULL UNIQUE,
	label TEXT NOT NULL,
	purposes TEXT NOT NULL,
	modes TEXT NOT NULL,
	created BIGINT NOT NULL,
	expires BIGINT NOT NULL,
	revoked BIGINT NOT NULL
);

CREATE TABLE purpose (
	code TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	basis TEXT NOT NULL
);

CREATE TABLE resource (
	id TEXT PRIMARY KEY,
	agency TEXT NOT NULL REFERENCES agency (id),
	name TEXT NOT NULL,
	folded TEXT NOT NULL,
	class TEXT NOT NULL CHECK (class IN ('unrestricted', 'restricted', 'withheld')),
	source TEXT NOT NULL,
	table_schema TEXT NOT NULL,
	table_name TEXT NOT NULL,
	items TEXT NOT NULL,
	version BIGINT NOT NULL,
	UNIQUE (agency, folded)
);

CREATE TABLE grants (
	id TEXT PRIMARY KEY,
	resource TEXT NOT NULL REFERENCES resource (id),
	grantee_kind TEXT NOT NULL CHECK (grantee_kind IN ('agency', 'principal')),
	grantee TEXT NOT NULL,
	items TEXT NOT NULL,
	purposes TEXT NOT NULL,
	modes TEXT NOT NULL,
	row_filter TEXT NOT NULL,
	valid_from BIGINT NOT NULL,
	valid_until BIGINT NOT NULL,
	hours TEXT NOT NULL,
	row_limit BIGINT NOT NULL,
	query_limit BIGINT NOT NULL,
	granted_by TEXT NOT NULL,
	revoked BIGINT NOT NULL,
	version BIGINT NOT NULL
);
CREATE INDEX grants_of_resource ON grants (resource);
CREATE INDEX grants_of_grantee ON grants (grantee);
