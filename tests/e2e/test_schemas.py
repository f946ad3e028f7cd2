"""Help for editors: the schemas are what the program makes, and an independent validator agrees.

The validator and the reader of YAML are Debian's (python3-jsonschema, python3-yaml), and so run under
Debian's Python, whatever runs this.
"""

import json
import subprocess
import unittest

from harness import BUILD, ROOT

PYTHON = "/usr/bin/python3"
VALIDATOR = """
import json, sys, yaml, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft7Validator.check_schema(schema)
def plain(v):  # JSON has only texts as keys
    if isinstance(v, dict):
        return {str(k): plain(x) for k, x in v.items()}
    return [plain(x) for x in v] if isinstance(v, list) else v
found = {}
for name, text in json.load(sys.stdin).items():
    errors = jsonschema.Draft7Validator(schema).iter_errors(plain(yaml.safe_load(text)))
    found[name] = sorted("/".join(map(str, e.absolute_path)) for e in errors)
print(json.dumps(found))
"""
MAPPING = ROOT / "mappings" / "mapping.schema.json"
AGENT = ROOT / "docs" / "agent.schema.json"

GOOD_MAPPING = """
name: jobs
source: {table: public.job, key: [a, b], updated_at: changed, overlap: 1h30m, where: true,
         due: [x, y], on_removed: delete, write_back: {job_id: q}}
cities: {HQ: Riyadh}
fields:
  title: {column: title, transform: [trim, {truncate: 50}, {language: [ar, any]}, {null_if: [0, nan]}]}
  city: {sql: "'x'", transform: [{ksa_city: region}], default: Riyadh}
  employment_type: {column: kind, map: {1: full_time, 2: contract, x: ~}}
  salary_min: {column: pay, transform: [{scale: 1/12}, {scale: 176}, {item: 2}]}
  currency: {const: SAR}
  status: {const: "${STATUS:-active}"}
"""

GOOD_AGENT = """
qudra: {api_key: "${QUDRA_API_KEY}", plan: growth, headroom: 5%, concurrency: 8, timeout: 30s}
database: {url: "${DATABASE_URL}"}
sync: {interval: 30s, max_remove: 10%, time_zone: Asia/Riyadh}
mappings: [mappings/*.yaml]
"""


def validate(schema, texts):
    """The places that the validator complains of, for each text."""
    done = subprocess.run([PYTHON, "-c", VALIDATOR, str(schema)], input=json.dumps(texts), text=True,
                          capture_output=True)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


class Schemas(unittest.TestCase):
    def test_the_generated_files_are_up_to_date(self):
        done = subprocess.run([str(BUILD / "generated")], cwd=ROOT, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_every_mapping_of_the_project_passes(self):
        files = [*(ROOT / "mappings").glob("*.yaml"), ROOT / "tests" / "data" / "jadarat.yaml",
                 *(p for p in (ROOT / "tests" / "golden").glob("*/mapping.yaml")
                   if (p.parent / "rows.json").exists())]
        found = validate(MAPPING, {str(p): p.read_text(encoding="utf-8") for p in files})
        self.assertEqual({name: places for name, places in found.items() if places}, {})
        self.assertGreater(len(found), 11)

    def test_the_example_of_the_configuration_passes(self):
        text = (ROOT / "agent.yaml.example").read_text(encoding="utf-8")
        self.assertTrue(text.startswith("# yaml-language-server: $schema=docs/agent.schema.json\n"))
        self.assertEqual(validate(AGENT, {"example": text, "good": GOOD_AGENT}),
                         {"example": [], "good": []})

    def test_each_mistake_in_a_mapping_is_found_at_its_place(self):
        mistakes = {
            "": ("name: jobs", "nmae: jobs"),
            "source": ("key: [a, b], ", ""),
            "source/overlap": ("1h30m", "90"),
            "source/on_removed": ("on_removed: delete", "on_removed: remove"),
            "source/write_back": ("job_id: q", "jobid: q"),
            "fields": ("  currency: {const: SAR}\n", ""),
            "fields/currency/const": ("const: SAR", "const: USD"),
            "fields/title/transform/0": ("[trim,", "[tirm,"),
            "fields/title/transform/1": ("{truncate: 50}", "{truncate: fifty}"),
            "fields/city": ("sql: \"'x'\"", "sql: \"'x'\", column: y"),
            "fields/employment_type/map/1": ("1: full_time", "1: fulltime"),
            "fields/salary_min/transform/0": ("scale: 1/12", "scale: twelfth"),
        }
        texts = {place: GOOD_MAPPING.replace(*change) for place, change in mistakes.items()}
        self.assertTrue(all(text != GOOD_MAPPING for text in texts.values()))
        found = validate(MAPPING, {**texts, "good": GOOD_MAPPING})
        self.assertEqual(found.pop("good"), [])
        for place, places in found.items():
            self.assertIn(place, places, found)

    def test_each_mistake_in_a_configuration_is_found_at_its_place(self):
        mistakes = {
            "qudra": ("plan: growth", "paln: growth"),
            "qudra/plan": ("plan: growth", "plan: huge"),
            "qudra/timeout": ("timeout: 30s", "timeout: 30"),
            "qudra/api_key": ("${QUDRA_API_KEY}", "qk_test_written_into_the_file"),
            "database": ("{url: \"${DATABASE_URL}\"}", "{}"),
            "mappings": ("[mappings/*.yaml]", "mappings/*.yaml"),
        }
        texts = {place: GOOD_AGENT.replace(*change) for place, change in mistakes.items()}
        self.assertTrue(all(text != GOOD_AGENT for text in texts.values()))
        for place, places in validate(AGENT, texts).items():
            self.assertIn(place, places)


if __name__ == "__main__":
    unittest.main()
