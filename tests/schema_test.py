"""schema_test.py SOURCE_DIR: every schema in data/schema is one, and every data/X.json obeys X.schema.json."""
import json
import pathlib
import sys

import jsonschema

data = pathlib.Path(sys.argv[1], "data")
failures = 0
for path in sorted(data.glob("schema/*.schema.json")):
    schema = json.loads(path.read_text())
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    table = data / path.name.replace(".schema", "")
    if table.exists():
        for error in validator(schema).iter_errors(json.loads(table.read_text())):
            print(f"{table.name}: {error.json_path}: {error.message}")
            failures += 1
sys.exit(failures > 0)
