-- +goose Up
-- What a token is limited to besides, and keys with which applications sign instead of
-- sending a token: how they sign, and the secret as it is sealed.
ALTER TABLE token ADD COLUMN resources TEXT NOT NULL DEFAULT '[]';
ALTER TABLE token ADD COLUMN per_minute BIGINT NOT NULL DEFAULT 0;
ALTER TABLE token ADD COLUMN signs TEXT NOT NULL DEFAULT '';
ALTER TABLE token ADD COLUMN sealed TEXT NOT NULL DEFAULT '';

-- Nonces of signed requests, while a request could be sent again.
CREATE TABLE nonce (
	signer TEXT NOT NULL,
	nonce TEXT NOT NULL,
	until BIGINT NOT NULL,
	PRIMARY KEY (signer, nonce)
);
