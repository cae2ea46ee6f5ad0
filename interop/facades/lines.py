"""Counts the lines of the facades, and those of the crates that they stand beside.

    python3 interop/facades/lines.py

Counted are lines with code: not blank lines, comments, attributes, imports, `mod` lines and tests, and no item that
needs a feature of Cargo which the facade does not enable. Signatures say what is offered, in both alike; the rest is
what bridges.
"""

import json
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).parent

# The features of reqwest that the facade of it enables.
ENABLED = {"blocking", "charset", "form", "http2", "json", "multipart", "query", "stream"}

# What the facade of postgres does not offer: a trait over its client and its transaction.
LEFT_OUT = {"generic_client.rs", "test.rs"}


def is_off(attribute):
    """Whether an attribute takes its item away."""
    if attribute.startswith("#[cfg(test)]"):
        return True
    features = re.findall(r'feature = "([^"]+)"', attribute)
    # Each `cfg` of these crates with `not(..)` is about a feature that is off, and so takes nothing away.
    return attribute.startswith("#[cfg") and bool(features) and "not(" not in attribute and not set(features) <= ENABLED


def lines_of(file):
    counted, signatures = 0, 0
    off, end, attribute, use, signature = False, None, None, False, False
    for line in file.read_text().splitlines():
        text = line.strip()
        indent = len(line) - len(line.lstrip())
        if end is not None:
            # Within an item that is off: until the line that closes it.
            if indent == end and text[-1:] in "};" and text and not text.startswith(("#", "//", "where")):
                end = None
            continue
        if not text or text.startswith("//"):
            continue
        if attribute is not None or text.startswith("#["):
            attribute = (attribute or "") + text
            if attribute.count("[") == attribute.count("]"):
                off, attribute = off or is_off(attribute), None
            continue
        if off:
            off = False
            if not (text.endswith((";", "}", ",")) and text.count("{") == text.count("}")):
                end = indent
            continue
        if use or re.match(r"(pub(\([^)]*\))? )?(use|mod|extern crate) ", text):
            use = not text.endswith(";")
            continue
        if signature or re.match(r"(pub(\([^)]*\))? )?(const |async |unsafe )*fn ", text):
            signature = text[-1] not in "{;}"
            signatures += 1
        counted += 1
    return counted, signatures


def package(name):
    metadata = subprocess.run(
        ["cargo", "metadata", "--format-version", "1"], capture_output=True, check=True, cwd=HERE
    )
    packages = json.loads(metadata.stdout)["packages"]
    (manifest,) = {found["manifest_path"] for found in packages if found["name"] == name}
    return pathlib.Path(manifest).parent


def total(folder):
    files = [file for file in sorted(folder.rglob("*.rs")) if file.name not in LEFT_OUT]
    counted, signatures = map(sum, zip(*map(lines_of, files)))
    return counted, counted - signatures


for facade, beside in [("postgres", package("postgres") / "src"), ("http", package("reqwest") / "src/blocking")]:
    for what, ours, theirs in zip(("lines", "without signatures"), total(HERE / facade / "src"), total(beside)):
        print(f"{facade}, {what}: {ours}, and {theirs} beside it, ratio {ours / theirs:.2f}")
