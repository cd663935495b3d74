"""Where a project's data objects are kept: a DVC remote if there is one, else `refs/mltools/objects`.

The ref's tree is laid out as DVC's cache, `md5/<2>/<rest>`; every object is checked against its MD5 on the way in and
out. It is for small data: a limit for each file, a budget for all, and a word when a real DVC remote is due.
"""

from mltools.datastore.edited import edited
from mltools.datastore.handing import hand_in
from mltools.datastore.moving import Moved, luggage, pull, push, push_wants, restore
from mltools.datastore.place import NO_ENVIRON, has_dvc_remote, share_cache, wanted
from mltools.datastore.prepush import PRE_PUSH, push_hook
from mltools.datastore.ref import BUDGET, FILE_LIMIT, REF, add

__all__ = [
    "BUDGET",
    "FILE_LIMIT",
    "NO_ENVIRON",
    "PRE_PUSH",
    "REF",
    "Moved",
    "add",
    "edited",
    "hand_in",
    "has_dvc_remote",
    "luggage",
    "pull",
    "push",
    "push_hook",
    "push_wants",
    "restore",
    "share_cache",
    "wanted",
]
