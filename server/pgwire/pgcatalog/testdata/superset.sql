--= PostgreSQL 15.0 (lianji)
-- What Superset asks beside what SQLAlchemy does (sqlalchemy.sql).

SELECT pg_catalog.version();

--same
--= public
SELECT current_schema();

--= lianji
SELECT datname FROM pg_database
WHERE datistemplate = false;
