-- By what a lost create is found in Qudra's list although its texts came back changed.

ALTER TABLE qudra_sync.create_attempt
    ADD COLUMN payload_words bytea; -- XXH3-64 of the letters and digits of title and description
