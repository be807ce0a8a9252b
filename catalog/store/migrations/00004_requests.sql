-- +goose Up
-- Requests that made something and named a key for it: sent again, they get the answer
-- that they got, and make nothing.
CREATE TABLE request (
	principal TEXT NOT NULL,
	key TEXT NOT NULL,
	digest TEXT NOT NULL,
	answer TEXT NOT NULL,
	made BIGINT NOT NULL,
	PRIMARY KEY (principal, key)
);
