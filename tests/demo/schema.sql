-- A small applicant tracking system, as many Saudi employers have one: companies with branches,
-- departments, pay scales, and postings that point at all of them.

CREATE SCHEMA ats;

CREATE TABLE ats.company (
    id        integer PRIMARY KEY,
    name      text NOT NULL,
    name_ar   text NOT NULL,
    hiring    boolean NOT NULL DEFAULT true
);

CREATE TABLE ats.branch (
    id          integer PRIMARY KEY,
    company_id  integer NOT NULL REFERENCES ats.company,
    city        text NOT NULL               -- as the branch writes it: English, Arabic, with its area
);

CREATE TABLE ats.department (
    id    integer PRIMARY KEY,
    name  text NOT NULL
);

CREATE TABLE ats.pay_scale (
    id        integer PRIMARY KEY,
    period    text NOT NULL CHECK (period IN ('month', 'year')),
    low       numeric(12,2) NOT NULL,
    high      numeric(12,2)
);

CREATE TABLE ats.posting (
    id             bigint PRIMARY KEY,
    branch_id      integer NOT NULL REFERENCES ats.branch,
    department_id  integer REFERENCES ats.department,
    pay_scale_id   integer REFERENCES ats.pay_scale,
    title          text NOT NULL,
    title_ar       text,
    body_html      text,
    contract       text,                    -- as somebody typed it, in either language
    state          text NOT NULL DEFAULT 'published',
    posted_at      timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX posting_updated_at ON ats.posting (updated_at, id);

CREATE FUNCTION ats.touch() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN NEW.updated_at := clock_timestamp(); RETURN NEW; END$$;
CREATE TRIGGER touch BEFORE UPDATE ON ats.posting FOR EACH ROW EXECUTE FUNCTION ats.touch();

-- The agent's role has the least rights that do: to read what is mapped, and a schema of its own.
CREATE ROLE qudra_sync LOGIN;
GRANT CREATE ON DATABASE ats TO qudra_sync;
GRANT pg_read_all_stats TO qudra_sync;      -- to see how long transactions are open: optional
GRANT USAGE ON SCHEMA ats TO qudra_sync;
GRANT SELECT ON ats.company, ats.branch, ats.department, ats.pay_scale, ats.posting TO qudra_sync;
