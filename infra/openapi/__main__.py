"""`python -m infra.openapi FOLDER` writes openapi.json and docs.html there: `make openapi`."""

import json
import sys
from pathlib import Path

from infra.openapi import document, page
from onlineticket.api.manual import DOCUMENT, PAGE


def write(folder: Path) -> None:
    described = document.build()
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(described, ensure_ascii=False, indent=1)
    # On one line, where functions/docs says which server it is.
    text = text.replace(json.dumps(described["servers"], indent=1).replace("\n", "\n "), _servers())
    (folder / DOCUMENT).write_text(text + "\n")
    (folder / PAGE).write_text(page.render(described))


def _servers() -> str:
    return json.dumps([{"url": document.SERVER}])


if __name__ == "__main__":
    write(Path(sys.argv[1]))
