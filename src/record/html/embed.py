#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The player as arrays of C, and its hashes for a Content-Security-Policy.

usage: embed.py FILE... > HEADER
"""
import base64
import hashlib
import os
import sys


def main():
    print("/* Made by embed.py. */")
    for path in sys.argv[1:]:
        with open(path, "rb") as source:
            data = source.read()
        name = os.path.basename(path).replace(".", "_")
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        print('#define %s_HASH "sha256-%s"' % (name.upper(), digest))
        print("static const unsigned char %s[] = {" % name)
        for i in range(0, len(data), 16):
            print("\t%s," % ", ".join(str(b) for b in data[i:i + 16]))
        print("};")


if __name__ == "__main__":
    main()
