-- +goose Up
-- Heads of the gateways' audit logs. Of two with one number both are kept: that they
-- differ is the proof that a log was cloned.
CREATE TABLE audit_head (
	gateway TEXT NOT NULL,
	boot TEXT NOT NULL,
	number BIGINT NOT NULL,
	head TEXT NOT NULL
);
CREATE INDEX audit_heads_of_gateway ON audit_head (gateway, boot, number);
