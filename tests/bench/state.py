"""How large the state is, whether updates bloat it, and what it costs to settle lost answers."""

from world import World


def size_and_churn(bench):
    world, report = bench.world(bench.size.scans[0]).mirror(), bench.report
    parts = world.db.rows("""
        SELECT relname, pg_relation_size(oid) AS bytes
          FROM pg_class
         WHERE relnamespace = 'qudra_sync'::regnamespace AND relkind IN ('r', 'i')
           AND left(relname, 3) IN ('job', 'que')
         ORDER BY bytes DESC""")
    report.figure("bytes a mirrored row, with indexes, after the first backfill",
                  world.first.state_bytes / world.rows, at_most=400,
                  note=", ".join(f"{p['relname']} {p['bytes'] / world.rows:.0f}" for p in parts
                                 if p["bytes"] >= world.rows))
    churn(bench)


def churn(bench):
    """Passes of updates, each over the next tenth of the table."""
    rows, passes = bench.size.churn_rows, bench.size.churn_passes
    world = World(bench.server, "churn", rows)
    try:
        world.mirror()
        before = world.state_bytes()
        for i in range(passes):
            world.db.psql(f"UPDATE job SET pay_max = pay_max + 1 WHERE id % 10 = {i % 10}")
            world.agent.run("once")
        world.db.psql("SELECT pg_stat_force_next_flush()")
        counts = world.db.rows("SELECT n_tup_upd AS all, n_tup_hot_upd AS hot "
                               "FROM pg_stat_user_tables WHERE relname = 'job' "
                               "AND schemaname = 'qudra_sync'")[0]
        name = f"{passes} passes over a tenth of {rows:,} rows"
        bench.report.figure(f"{name}: size of the state after / before",
                            world.state_bytes() / before, "×", at_most=1.5)
        bench.report.figure(f"{name}: n_tup_hot_upd / n_tup_upd",
                            counts["hot"] / max(1, counts["all"]), "×",
                            note=f"{counts['hot']:,} of {counts['all']:,}")
    finally:
        world.remove()


def settling(bench):
    """Creates lose their answers, an hour (of Qudra's clock) after all the others were made."""
    among, lost = bench.size.settle_among, min(1000, bench.size.settle_among // 10)
    world = World(bench.server, "settling", among, qudra={"settle_wait": "5s"})
    try:
        world.mirror()
        world.sandbox.admin("clock", {"offset_ms": 3600 * 1000})
        world.grow(among + lost)
        world.sandbox.fault("reset_after", match={"path": "/v1/partner/jobs/bulk", "nth": 1,
                                                  "times": lost // 100})
        before = world.sandbox.stats()
        world.spend("backfill")
        after = world.sandbox.stats()
        requests = after["requests_total"] - before["requests_total"] - lost // 100
        left = world.db.value("SELECT count(*) FROM qudra_sync.job WHERE state <> 'synced'")
        fired = after["faults"].get("reset_after", 0)
        bench.report.figure(f"{lost:,} lost among {among:,} jobs: requests to settle", requests,
                            at_most=20, note=f"{fired} answers lost")
        bench.report.figure("jobs twice", after["duplicates"] - before["duplicates"], at_most=0)
        bench.report.figure("rows not settled in the end", left, at_most=0)
    finally:
        world.remove()
