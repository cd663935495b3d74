"""Pictures that the pipeline made, where a backend has put them so that the forge can show them."""

from mltools.core.markdown import details, escape
from mltools.core.plots import Image
from mltools.core.records import Record
from mltools.core.report.around import Around
from mltools.core.report.footer import safe


def render(record: Record, around: Around) -> str | None:
    shown = [
        _picture(image, around.images[image.sha256])
        for image in record.images
        if image.sha256 in around.images
    ]
    found = [text for text in shown if text]
    return details(f"Pictures: {len(found)}", "\n\n".join(found)) if found else None


def _picture(image: Image, address: str) -> str | None:
    if not safe(address):
        return None
    name = escape(image.title or image.path)
    return f"**{name}**\n\n![{name}]({address})"
