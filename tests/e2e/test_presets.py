"""Every preset of mappings/ has its case in a test_presets_*.py."""

import importlib
import unittest
from pathlib import Path

from harness import ROOT
from presets import PresetCase

for file in sorted(Path(__file__).parent.glob("test_presets_*.py")):
    importlib.import_module(file.stem)


class EveryPreset(unittest.TestCase):
    def test_every_preset_has_a_case_here(self):
        tested = {case.preset for case in PresetCase.__subclasses__()}
        self.assertEqual(tested, {path.stem for path in (ROOT / "mappings").glob("*.yaml")})


if __name__ == "__main__":
    unittest.main()
