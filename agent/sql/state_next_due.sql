-- How long until the next due time, in ms; NULL: none. What passed long ago belongs to a mapping
-- that is no longer served and must not keep the agent awake.
SELECT (SELECT greatest(ceil(extract(epoch FROM due_at - now()) * 1000), 0)::bigint
          FROM qudra_sync.job
         WHERE due_at > now() - interval '1 minute' AND gone_at IS NULL AND state <> 'removed'
         ORDER BY due_at
         LIMIT 1) AS in_ms
