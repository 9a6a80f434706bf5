"""Sends the story by RudderStack's SDK for Python: `python client.py DATA_PLANE_URL WRITE_KEY STORY_FILE`."""

import copy
import json
import re
import sys
from datetime import datetime
from pathlib import Path

import rudderstack.analytics as rudder

data_plane_url, write_key, story_file = sys.argv[1:]
story = json.loads(Path(story_file).read_text("utf-8"))
common = story.pop("common")
failed = []


def snake_case(name):
    return re.sub("[A-Z]", lambda letter: "_" + letter.group().lower(), name)


rudder.dataPlaneUrl, rudder.write_key = data_plane_url, write_key
rudder.on_error = lambda error, batch: failed.append(error)

for call, fields in story.items():
    arguments = {snake_case(name): value for name, value in copy.deepcopy({**common, **fields}).items()}
    arguments["timestamp"] = datetime.fromisoformat(fields["timestamp"].replace("Z", "+00:00"))
    getattr(rudder, call)(**arguments)

rudder.shutdown()
if failed:
    sys.exit(f"not delivered: {failed}")
