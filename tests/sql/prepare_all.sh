#!/bin/sh
# PREPAREs every statement of agent/sql/ against the schema that the migrations make, with the empty
# search_path of the state connection: catches drift between the two. Everything happens in one
# transaction that is rolled back; what a statement needs beside the migrations comes from
# migrate_create.sql. Connects as psql does (PGHOST, PGDATABASE, …).
#
# usage: tests/sql/prepare_all.sh [STATEMENT.sql …]
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
[ $# -gt 0 ] || set -- "$top"/agent/sql/*.sql

script() {
    echo 'BEGIN;'
    echo 'DROP SCHEMA IF EXISTS qudra_sync CASCADE;'
    cat "$top"/migrations/*.sql
    cat "$top/agent/sql/migrate_create.sql"
    echo ';'
    echo "SET LOCAL search_path = '';"
    echo 'SAVEPOINT ready;'
    for statement; do
        name=$(basename "$statement" .sql)
        printf "\\\\echo %s\\n" "$name"
        if grep -Eqi '^ *(WITH|SELECT|INSERT|UPDATE|DELETE)' "$statement"; then
            echo "PREPARE \"$name\" AS"
            cat "$statement"
            echo ';'
        else # a utility statement cannot be prepared: it is run
            cat "$statement"
            echo ';'
        fi
        echo 'ROLLBACK TO ready;'
    done
    echo 'ROLLBACK;'
}

out=$(mktemp)
trap 'rm -f "$out"' EXIT
script "$@" | psql -X -q -v ON_ERROR_STOP=0 >"$out" 2>&1 || true
# psql tells each failure below the name of its statement.
grep -n -B1 -A3 'ERROR:\|FATAL:\|could not connect\|connection to server' "$out" >&2 && failed=1 || failed=0
prepared=$(grep -c '^[a-z_]*$' "$out" || true)
[ "$prepared" -eq $# ] || failed=1
echo "prepare_all: $prepared of $# statements, $([ $failed = 0 ] && echo "no drift" || echo "DRIFT")"
exit $failed
