#!/usr/bin/env python3
"""Prints THIRD-PARTY of one archive: every package in the programs, its licence, and the texts.

    scripts/third-party.py x86_64-unknown-linux-musl > THIRD-PARTY

The texts are those that came with the packages: in cargo's folders, in the toolchain, in zig. A package
that brings none gets the standard text, and the page says so. One with a licence that deny.toml does not
allow is an error.
"""

import collections
import json
import os
import re
import subprocess
import sys
import tomllib

TEXTS = re.compile(r"(licen[cs]e|copying|copyright|notice|unlicense)", re.I)
STANDARD_MIT = """MIT License

Copyright (c) {authors}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def packages(target):
    """Every package whose code is in the programs for `target`, and the macros that wrote some of it."""
    meta = json.loads(run("cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", target))
    nodes = {node["id"]: node for node in meta["resolve"]["nodes"]}
    root, found, waiting = meta["resolve"]["root"], set(), [meta["resolve"]["root"]]
    while waiting:
        package = waiting.pop()
        if package not in found:
            found.add(package)
            links = nodes[package]["deps"]
            waiting += [link["pkg"] for link in links if any(kind["kind"] is None for kind in link["dep_kinds"])]
    return sorted((p for p in meta["packages"] if p["id"] in found - {root}), key=lambda p: (p["name"], p["version"]))


def is_allowed(licence):
    """Whether an expression such as `(MIT OR Apache-2.0) AND Unicode-3.0` can be fulfilled with what deny.toml allows."""
    with open("deny.toml", "rb") as file:
        allowed = tomllib.load(file)["licenses"]["allow"]

    def word(term):
        return term[0].lower() if term[0] in ("AND", "OR") else str(term[0] in allowed)

    return eval(re.sub(r"[\w.-]+( WITH [\w.-]+)?", word, licence.replace("/", " OR ")))


def texts_of(package):
    """The texts of one package; where MIT may be chosen and its text is there, only that one and notices."""
    folder, licence = os.path.dirname(package["manifest_path"]), package["license"]
    if not licence:
        sys.exit(f"{package['name']} names no licence: read what it says, and add it by hand")
    if not is_allowed(licence):
        sys.exit(f"{package['name']} has the licence {licence}, which deny.toml does not allow")
    names = sorted(name for name in os.listdir(folder) if TEXTS.match(name) and os.path.isfile(f"{folder}/{name}"))
    mit = [name for name in names if re.search("mit", name, re.I)]
    if mit and " AND " not in licence and "MIT" in licence:
        names = mit + [name for name in names if re.match("notice|copyright", name, re.I)]
    if names:
        return [read(f"{folder}/{name}") for name in names]
    if "MIT" in licence:
        authors = ", ".join(package["authors"]) or f"the authors of {package['name']}"
        own = f"({package['name']} brings no text; its manifest says {licence}. This is the standard one.)\n\n"
        return [own + STANDARD_MIT.format(authors=authors)]
    sys.exit(f"{package['name']} has the licence {licence}, and brings no text")


def beside(target):
    """What is in the programs and is no package: its name, its licence, its text."""
    rust = os.path.join(run("rustc", "--print", "sysroot").strip(), "share/doc/rust/licenses")
    import ziglang
    zig = os.path.join(os.path.dirname(ziglang.__file__), "lib")
    rows = [
        ("Rust's standard library, with what is in it", "MIT OR Apache-2.0; all of it in THIRD-PARTY-RUST.html",
         read(f"{rust}/MIT.txt")),
        ("SQLite", "public domain", "The authors of SQLite have dedicated it to the public domain."),
    ]
    if "linux-musl" in target:
        rows.append(("musl", "MIT", read(f"{zig}/libc/musl/COPYRIGHT")))
    if "windows-gnu" in target:
        rows.append(("the runtime of mingw-w64", "Zope Public License 2.1 and others", read(f"{zig}/libc/mingw/COPYING")))
    if "linux-musl" in target or "windows-gnu" in target:
        rows.append(("libunwind of LLVM", "Apache-2.0 WITH LLVM-exception", read(f"{zig}/libunwind/LICENSE.TXT")))
    return rows


def main():
    target = sys.argv[1]
    lines, texts = [], collections.OrderedDict()
    rows = [(f"{p['name']} {p['version']}", p["license"], texts_of(p)) for p in packages(target)]
    rows += [(name, licence, [text]) for name, licence, text in beside(target)]
    for name, licence, own in rows:
        lines.append(f"{name}: {licence}")
        for text in own:
            key = " ".join(text.split())
            texts.setdefault(key, (text.strip(), []))[1].append(name)
    print(f"What is in Roomful's programs for {target} beside Roomful itself.\n")
    print("\n".join(lines))
    for text, names in texts.values():
        print("\n" + "-" * 80 + "\n" + ", ".join(names) + "\n\n" + text)


main()
