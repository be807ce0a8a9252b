-- +goose Up
-- What passwords are tried against. Their texts are nowhere kept.
CREATE TABLE password (
	principal TEXT PRIMARY KEY REFERENCES principal (id),
	hash TEXT NOT NULL,
	scram TEXT NOT NULL,
	version BIGINT NOT NULL
);

-- Random keys that all gateways of the store have together, by what each is for, in
-- hexadecimal digits.
CREATE TABLE secret (
	name TEXT PRIMARY KEY,
	value TEXT NOT NULL
);
