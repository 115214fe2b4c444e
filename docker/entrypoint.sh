#!/bin/sh
# Passwords come from files, never from the environment that `docker inspect` shows.
set -eu

if [ -n "${CAREPATH_DATABASE_PASSWORD_FILE:-}" ]; then
  PGPASSWORD="$(cat "$CAREPATH_DATABASE_PASSWORD_FILE")"
  export PGPASSWORD
fi

# The broker's password is hexadecimal (`make secrets`), so nothing in it needs escaping in a URL.
if [ -n "${CAREPATH_BROKER_PASSWORD_FILE:-}" ]; then
  CAREPATH_BROKER_URL="redis://:$(cat "$CAREPATH_BROKER_PASSWORD_FILE")@${CAREPATH_BROKER_URL#redis://}"
  export CAREPATH_BROKER_URL
fi

exec "$@"
