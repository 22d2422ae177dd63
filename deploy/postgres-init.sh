#!/bin/sh
# PostgreSQL's image runs this once, on an empty volume: a database for the Authority, and a user who owns it and nothing else.
set -eu
password=$(cat "${STOCKMCP_SECRETS:-/run/secrets}/postgres_authority_password")
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<SQL
CREATE ROLE authority LOGIN PASSWORD '$password';
CREATE DATABASE authority OWNER authority;
REVOKE CONNECT ON DATABASE authority FROM PUBLIC;
SQL
