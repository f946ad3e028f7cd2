-- Gives back what a long queue has left behind, when nothing waits any more.
SELECT qudra_sync.queue_trim()
