-- +goose Up
-- What was used of each grant's quota on a day of the gateways' time zone. Every charge is
-- one conditional statement, so that all gateways together keep within the quota. Taken is
-- how many rows the last charge got.
CREATE TABLE quota_use (
	grant_id TEXT NOT NULL REFERENCES grants (id),
	day TEXT NOT NULL,
	queries BIGINT NOT NULL,
	row_count BIGINT NOT NULL,
	taken BIGINT NOT NULL,
	PRIMARY KEY (grant_id, day)
);
CREATE INDEX quota_uses_of_day ON quota_use (day);
