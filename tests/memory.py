"""Where do tests put files that no power cut must spare? In memory, where there is room for them."""

import os
import shutil

_MEMORY, _ROOM = "/dev/shm", 4 << 30


def quickest_folder() -> str:
    """Return where files that need not be kept are made with least work: in memory, where there is enough of it.

    Each database of a server is hundreds of small files, and every commit of an SQLite store waits for the disk; nearly
    every test has one of them. Programs must run from there too: an installation is tried in a test's folder.
    """
    try:
        place = os.statvfs(_MEMORY)
        runs = not place.f_flag & os.ST_NOEXEC
        return _MEMORY if runs and shutil.disk_usage(_MEMORY).free >= _ROOM and os.access(_MEMORY, os.W_OK) else "/tmp"
    except OSError:  # there is none
        return "/tmp"
