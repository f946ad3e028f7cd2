-- Forgets which database the mappings were last read from: the next pass is a whole scan of the one
-- that is read now.
-- $1::text mapping (NULL: all)
UPDATE qudra_sync.watermark
   SET source = NULL
 WHERE source IS NOT NULL AND ($1::text IS NULL OR mapping = $1::text)
