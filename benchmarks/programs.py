"""The programs that are timed, as their users start them."""

import sys
from pathlib import Path

BIN = Path(sys.executable).parent
DVC = (str(BIN / "dvc"),)
MLTOOLS = (str(BIN / "mltools"),)
