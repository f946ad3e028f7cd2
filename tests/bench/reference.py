#!/usr/bin/env python3
"""What a partner would write in an afternoon: the yardstick for the agent's CPU.

    reference.py backfill|update DATABASE_URL BASE_URL KEY

Reads with a server-side cursor, sends a hundred jobs a request over one kept connection, records
ids in batches. It keeps none of the agent's promises: no journal, no limiter, no removals.
"""

import json
import sys

import psycopg2
import psycopg2.extras
import requests

BULK = 100
COLUMNS = "id, title, body, city, contract, pay_min, pay_max, open"


def payload(row):
    return {"title": row["title"], "description": row["body"], "city": row["city"],
            "employment_type": row["contract"], "salary_min": row["pay_min"],
            "salary_max": row["pay_max"], "currency": "SAR",
            "status": "active" if row["open"] else "closed"}


def rows(connection, sql):
    with connection.cursor("rows", cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
        cursor.itersize = 2000
        cursor.execute(sql)
        yield from cursor


def batches(items):
    batch = []
    for item in items:
        batch.append(item)
        if len(batch) == BULK:
            yield batch
            batch = []
    if batch:
        yield batch


def backfill(reading, writing, session, url):
    with writing.cursor() as cursor:
        cursor.execute("CREATE TABLE reference_job "
                       "(id bigint PRIMARY KEY, job_id text NOT NULL, payload jsonb NOT NULL,"
                       " sent_at timestamptz NOT NULL DEFAULT now())")
        for batch in batches(rows(reading, f"SELECT {COLUMNS} FROM job ORDER BY id")):
            jobs = [payload(row) for row in batch]
            answer = session.post(f"{url}/partner/jobs/bulk", json={"jobs": jobs}, timeout=30)
            answer.raise_for_status()
            done = [(batch[result["index"]]["id"], result["job"]["id"],
                     json.dumps(jobs[result["index"]]))
                    for result in answer.json()["results"] if result["status"] == "created"]
            psycopg2.extras.execute_values(
                cursor, "INSERT INTO reference_job (id, job_id, payload) VALUES %s", done,
                page_size=BULK)
            writing.commit()


def update(reading, writing, session, url):
    sql = (f"SELECT {COLUMNS}, job_id, payload FROM job JOIN reference_job USING (id) "
           "WHERE updated_at > sent_at ORDER BY id")
    with writing.cursor() as cursor:
        for batch in batches(rows(reading, sql)):
            done = []
            for row in batch:
                wanted = payload(row)
                changed = {name: value for name, value in wanted.items()
                           if row["payload"][name] != value}
                if not changed:
                    continue
                answer = session.patch(f"{url}/partner/jobs/{row['job_id']}", json=changed,
                                       timeout=30)
                answer.raise_for_status()
                done.append((row["id"], json.dumps(wanted)))
            psycopg2.extras.execute_values(
                cursor, "UPDATE reference_job r SET payload = v.payload::jsonb, sent_at = now() "
                "FROM (VALUES %s) AS v (id, payload) WHERE r.id = v.id", done, page_size=BULK)
            writing.commit()


def main():
    command, database, url, key = sys.argv[1:]
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {key}"
    reading, writing = psycopg2.connect(database), psycopg2.connect(database)
    {"backfill": backfill, "update": update}[command](reading, writing, session, url)


if __name__ == "__main__":
    main()
