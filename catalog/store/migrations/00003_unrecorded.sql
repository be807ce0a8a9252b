-- +goose Up
-- Changes that are in no audit log yet. Each is written in the transaction that makes
-- the change, and goes when a gateway has written it into its log.
CREATE TABLE unrecorded (
	version BIGINT NOT NULL,
	place BIGINT NOT NULL,
	made BIGINT NOT NULL,
	principal TEXT NOT NULL,
	agency TEXT NOT NULL,
	door TEXT NOT NULL,
	client TEXT NOT NULL,
	action TEXT NOT NULL,
	object TEXT NOT NULL,
	before BIGINT NOT NULL,
	taken BIGINT NOT NULL,
	taker TEXT NOT NULL,
	PRIMARY KEY (version, place)
);
CREATE INDEX changes_of_object ON change (kind, object, version);
