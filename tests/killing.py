"""A `git` that kills whoever starts it at one of its writes: what is left then must be completed by the same command."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

WRITES = ("hash-object", "fast-import", "update-ref", "push", "tag")

# It counts the calls that matter, and kills its parent at the call with the number in $KILL_AT: before it, or after it.
GIT = """\
#!/bin/sh
case " $* " in
{calls})
    count=$(($(cat "$COUNT" 2>/dev/null || echo 0) + 1))
    echo "$count" >"$COUNT"
    if [ "$count" = "$KILL_AT" ]; then
        [ -z "$AFTER" ] || {real} "$@"
        kill -9 "$PPID"
        exit 137
    fi
    ;;
esac
exec {real} "$@"
"""


def killing(place: Path, number: int, *, after: bool, calls: Sequence[str] = WRITES) -> dict[str, str]:
    """The variables under which the call with this number is the last; 0: none is, and all are counted.

    Counting starts anew. `counted` tells how many there were.
    """
    program = place / "bin/git"
    program.parent.mkdir(parents=True, exist_ok=True)
    pattern = " | ".join(f'*" {call} "*' for call in calls)
    program.write_text(GIT.replace("{calls}", pattern).replace("{real}", str(shutil.which("git"))))
    program.chmod(0o755)
    (place / "count").unlink(missing_ok=True)
    return {
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "COUNT": str(place / "count"),
        "KILL_AT": str(number),
        "AFTER": "1" if after else "",
    }


def counted(place: Path) -> int:
    """How many calls that matter there were since `killing`."""
    return int((place / "count").read_text())
