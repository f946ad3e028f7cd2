"""How much of everything: the sizes of the goals, and small ones that show that the bench works."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    scans: tuple          # rows of the scans without change; the first is that of the backfill
    scan_rounds: int      # of scans, which the machine's own ups and downs move most
    memory: tuple         # rows at which the peak is taken
    updates: int          # rows changed in one field
    idle_polls: int
    rounds: int           # of whatever is compared by its best
    changes: int          # single changes whose way to the request is timed
    churn_rows: int
    churn_passes: int
    settle_among: int
    windows: int
    wrk_s: int
    pgbench_s: int
    starts: int
    accounts: tuple       # few and many, of 200 rows each


SIZES = {
    "full": Sizes(scans=(200_000, 1_000_000), scan_rounds=9,
                  memory=(10_000, 200_000, 1_000_000), updates=100_000, idle_polls=30, rounds=3,
                  changes=300, churn_rows=10_000, churn_passes=100, settle_among=100_000,
                  windows=20, wrk_s=10, pgbench_s=20, starts=20, accounts=(500, 5_000)),
    "small": Sizes(scans=(5_000, 20_000), scan_rounds=2, memory=(1_000, 5_000, 20_000),
                   updates=2_000, idle_polls=5, rounds=2, changes=20, churn_rows=1_000,
                   churn_passes=5, settle_among=5_000, windows=3, wrk_s=2, pgbench_s=3, starts=5,
                   accounts=(20, 100)),
}
