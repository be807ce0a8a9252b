-- +goose Up
-- Second factors: the sealed secret of somebody's codes, the time step of the last code
-- that was taken, and how many were wrong since. None is tried before until.
CREATE TABLE factor (
	principal TEXT PRIMARY KEY REFERENCES principal (id),
	sealed TEXT NOT NULL,
	version BIGINT NOT NULL,
	step BIGINT NOT NULL,
	failed BIGINT NOT NULL,
	until BIGINT NOT NULL
);
