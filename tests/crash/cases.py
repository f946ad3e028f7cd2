"""The cases of `make crash`: what is true before, what changes, and what goes wrong.

Each is told by the name of its class. `before` and `change` make the situation; the pass that
follows is the one that dies; `meanwhile` is what the partner does before the agent starts again.
"""

from harness import MirrorCase

GROWTH = ("--no-limit", "--quota", "unlimited")
ROW = "UPDATE job SET "


class Case:
    plan = "growth"
    sandbox = GROWTH
    mapping = MirrorCase.MAPPING
    triggers = False
    apart = False       # the source is reached by an url of its own, as on another server
    power_cut = False   # not the agent dies but the database, and the agent lives on
    dies = "once"       # in which the agent dies
    command = "once"    # in which the agent comes right again
    rows = 6            # in the table before the change
    created = 6         # jobs ever created at Qudra, when all is over
    twins = False       # rows of equal content: the sandbox's count of duplicates means nothing

    def before(self, w):
        w.fill(self.rows)
        w.until_quiet()

    def change(self, w):
        pass

    def meanwhile(self, w):
        pass

    def recover(self, w):
        w.until_quiet(self.command)

    def expected(self, w):
        return w.expected()

    def check(self, w):
        pass


class FirstFill(Case):
    def before(self, w):
        w.fill(self.rows)


class FirstFillInBulk(FirstFill):
    rows = created = 130


class FirstFillOfAnOpenAccount(FirstFill):
    """The pass takes keys alone: what a row wants is first known when it is pushed."""
    plan = "scale"
    dies = command = "backfill"


class FirstFillOfSingles(FirstFill):
    plan = "free"


class Edits(Case):
    def change(self, w):
        w.psql(ROW + "title = 'Senior ' || id, pay = pay + 500 WHERE id <= 4")


class EditsUndone(Edits):
    """What was sent and never confirmed stands at Qudra, and the table no longer wants it."""

    def meanwhile(self, w):
        w.psql(ROW + "title = 'Engineer ' || id, pay = pay - 500 WHERE id <= 4")


class Closes(Case):
    def change(self, w):
        w.psql(ROW + "open = false WHERE id <= 2; " + ROW + "deleted_at = now() WHERE id IN (3, 4)")


class ClosesUndone(Closes):
    def meanwhile(self, w):
        w.psql(ROW + "open = true, deleted_at = NULL")


class Deletes(Case):
    mapping = MirrorCase.MAPPING.replace("fields:", "  on_removed: delete\nfields:")

    def change(self, w):
        w.psql(ROW + "deleted_at = now() WHERE id <= 4")


class DeletesUndone(Deletes):
    """Up to four of the jobs had been deleted: their rows, wanted again, get new ones."""

    created = range(6, 11)

    def meanwhile(self, w):
        w.psql(ROW + "deleted_at = NULL")


class ReopenedAndRemoved(Case):
    """The answer to an update has no body: what was sent is all that is known of the status."""

    sandbox = (*GROWTH, "--update-answer", "204")

    def before(self, w):
        super().before(w)
        for value in ("now()", "NULL"):  # closed by its removal, and opened again
            w.psql(ROW + f"deleted_at = {value} WHERE id <= 2")
            w.until_quiet()

    def change(self, w):
        w.psql(ROW + "deleted_at = now() WHERE id <= 2")


class Mixed(Case):
    created = 10

    def change(self, w):
        w.fill(4, first=7)
        w.psql(ROW + "pay = 1000 WHERE id = 1; " + ROW + "open = false WHERE id = 2; "
               + ROW + "deleted_at = now() WHERE id = 3")


class MixedOfSingles(Mixed):
    plan = "free"


class Lost(FirstFill):
    fault = None

    def change(self, w):
        w.sandbox.fault(self.fault, match={"method": "POST"}, times=2)


class LostByReset(Lost):
    fault = "reset_after"


class LostByHalfABody(Lost):
    fault = "half_body"


class LostBy500(Lost):
    fault = "5xx_after"


class LostHalfApplied(Lost):
    fault = "half_applied"


class LostAndNormalised(LostByReset):
    """Qudra hands the text back in another style, which no answer has taught the agent yet."""

    sandbox = (*GROWTH, "--normalise", "markdown")

    def change(self, w):
        super().change(w)
        w.psql(ROW + "body = E'* one\\n* two'")

    def expected(self, w):
        return {key: {**job, "description": "- one\n- two"}
                for key, job in super().expected(w).items()}


class LostOfSingles(Lost):
    plan = "free"
    fault = "reset_after"


class RefusedWhole(FirstFill):
    """One city that Qudra does not know, and the whole request is refused for it."""

    sandbox = (*GROWTH, "--bulk-bad-item", "422", "--cities", "{cities}")
    rows, created = 12, 11

    def change(self, w):
        w.psql(ROW + "city = 'Atlantis' WHERE id = 5")

    def expected(self, w):
        return {key: job for key, job in w.expected().items() if key != 5}

    def check(self, w):
        state = w.db.value("SELECT state FROM qudra_sync.job WHERE source_key = '5'")
        assert state == "refused", f"the bad row is {state}"


class Twins(FirstFill):
    twins = True

    def change(self, w):
        w.psql(ROW + "title = 'Twin'")


class TwinsLost(Twins):
    def change(self, w):
        super().change(w)
        w.sandbox.fault("half_applied", match={"method": "POST"}, times=1)


class TwinsOfSinglesHonoured(Twins):
    """A server that honours Idempotency-Key, and rows that look the same."""

    plan = "free"
    sandbox = (*GROWTH, "--idempotency", "honoured")


class WithoutIndexInAnyOrder(FirstFill):
    sandbox = (*GROWTH, "--bulk-no-index", "--bulk-shuffle")


class WriteBack(Case):
    mapping = MirrorCase.MAPPING.replace(
        "  removed:", "  write_back: {job_id: qudra_id, status: qudra_state}\n  removed:")
    created = 9

    def change(self, w):
        w.fill(3, first=7)
        w.psql(ROW + "open = false WHERE id = 2")

    def check(self, w):
        wrong = w.db.rows("SELECT id FROM job JOIN qudra_sync.job s ON s.source_key = id::text "
                          "WHERE qudra_id IS DISTINCT FROM job_id "
                          "OR qudra_state IS DISTINCT FROM job_status")
        assert not wrong, f"not written back: {wrong}"


class WriteBackApart(WriteBack):
    """The partner's columns are written after the state's transaction, not in it."""

    apart = True


class WriteBackLost(WriteBack):
    """What settling finds is written back too."""

    def before(self, w):
        w.fill(self.rows)
        w.sandbox.fault("reset_after", match={"method": "POST"}, times=1)

    def change(self, w):
        w.fill(3, first=7)


class Uncertain(Case):
    """The agent was killed while its creates were on their way; the rows live on."""

    edit = ROW + "title = 'Edited ' || id WHERE id <= 3"

    def before(self, w):
        w.fill(self.rows)
        w.die_waiting()

    def change(self, w):
        w.psql(self.edit)


class EditedWhileUncertain(Uncertain):
    pass


class EditedWhileUncertainOfSingles(Uncertain):
    plan = "free"


class RemovedWhileUncertain(Uncertain):
    edit = ROW + "deleted_at = now() WHERE id <= 3"


class DeletedWhileUncertain(Uncertain):
    mapping = Deletes.mapping
    command = "backfill"
    edit = "DELETE FROM job WHERE id <= 3"


class SwappedWhileUncertain(Uncertain):
    """Each of two rows takes the other's content: what was sent counts, not what they say now."""

    edit = ROW + "title = 'Engineer ' || 3 - id WHERE id <= 2"


class ByTriggers(Mixed):
    mapping = MirrorCase.MAPPING.replace("  updated_at: updated_at\n", "  detect: trigger\n")
    triggers = True


class Repaired(Case):
    """What `reconcile` had begun, it does when it is started again."""

    dies = "reconcile --fix"

    def recover(self, w):
        w.once(self.dies)
        super().recover(w)


class GoneAndEditedAtQudra(Repaired):
    created = 8

    def change(self, w):
        for key in (1, 2):
            w.at_qudra(key, deleted=True)
        for key in (3, 4):
            w.at_qudra(key, title="Edited at Qudra")


class StateLost(Repaired):
    """Some rows have changed since; those that are new are created when all others are bound."""

    dies = "reconcile --adopt --fix"
    created = 8

    def change(self, w):
        w.lose_state()
        w.fill(2, first=7)
        w.psql(ROW + "body = 'Better.' WHERE id = 1; " + ROW + "open = false WHERE id = 2")


class StateLostOfTwins(Repaired):
    dies = StateLost.dies
    twins = True

    def before(self, w):
        w.fill(self.rows)
        w.psql(ROW + "title = 'Twin'")
        w.until_quiet()

    def change(self, w):
        w.lose_state()


class AdoptedWhileUncertain(Repaired):
    dies = StateLost.dies

    def before(self, w):
        w.fill(self.rows)
        w.die_waiting()


class PowerCut:
    """At each step the agent stands still, the database is stopped immediately and started again,
    and the agent goes on from there by itself."""

    power_cut = True
    dies = "run"


class PowerCutInFirstFill(PowerCut, FirstFill):
    pass


class PowerCutInMixed(PowerCut, Mixed):
    pass


class PowerCutWhileLost(PowerCut, LostByReset):
    """So that it comes while settling looks, too, and before what that finds is recorded."""


class PowerCutInWriteBack(PowerCut, WriteBack):
    pass


class PowerCutByTriggers(PowerCut, ByTriggers):
    pass


class PowerCutInRepair(PowerCut, StateLost):
    dies = StateLost.dies


def every():
    found, todo = [], [Case]
    while todo:
        todo += (below := todo.pop(0).__subclasses__())
        found += below
    bases = {Case, Lost, Uncertain, Repaired}
    return {c.__name__: c for c in found if c not in bases}
