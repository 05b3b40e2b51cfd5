# SPDX-License-Identifier: MIT
"""Makes a folder in which every part of the single header is a header that includes it: forward.py HEADER FOLDER STAMP"""
import pathlib
import re
import sys

single, folder, stamp = map(pathlib.Path, sys.argv[1:])
for name in re.findall(r'^// ---- (tacho/\w+/\w+\.hpp)', single.read_text(), re.M):
    header = folder / name
    header.parent.mkdir(parents=True, exist_ok=True)
    if not header.exists():
        header.write_text('#include "tacho/tacho.hpp"\n')
stamp.touch()
