-- +goose Up
-- Ranges of addresses that a token holds from, as JSON; an empty list is everywhere.
ALTER TABLE token ADD COLUMN addresses TEXT NOT NULL DEFAULT '[]';
