"""Builds an OCI image from a Containerfile, and runs it, without a daemon and without a registry.

    python oci_image.py build CONTAINERFILE CONTEXT LAYOUT --base FOLDER
    python oci_image.py run LAYOUT [ARGUMENT...]

`build` knows ARG, FROM (always the folder), COPY of files, ENV, ENTRYPOINT and CMD as lists, and writes an
OCI image layout: the base as one layer, what is copied as another. `run` unpacks a layout, each part of
which has to have its digest, and runs it in namespaces of its own with that as its root: what the image
does not have is not there. The network is the machine's, and the environment is this process's.
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import pathlib
import platform
import shlex
import signal
import subprocess
import sys
import tarfile
import tempfile

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}

# What an image's root has to have before anything runs in it.
MOUNTS = 'mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && root="$1" && shift && exec chroot "$root" "$@"'


class Layout:
    """A folder in the form of the OCI image layout."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.blobs = self.folder / "blobs" / "sha256"

    def add(self, content, kind):
        """Stores a blob and answers its descriptor."""
        digest = hashlib.sha256(content).hexdigest()
        (self.blobs / digest).write_bytes(content)
        return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(content)}

    def get(self, descriptor):
        """The content of a blob, which has to be what the descriptor says."""
        name = descriptor["digest"].removeprefix("sha256:")
        content = (self.blobs / name).read_bytes()
        if hashlib.sha256(content).hexdigest() != name or len(content) != descriptor["size"]:
            raise SystemExit(f"{name} is not what its name says")
        return content

    def write(self, manifest):
        """Names the image's manifest."""
        (self.folder / "oci-layout").write_text(json.dumps({"imageLayoutVersion": "1.0.0"}))
        (self.folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [manifest]}))

    def manifest(self):
        [descriptor] = json.loads((self.folder / "index.json").read_text())["manifests"]
        return json.loads(self.get(descriptor))


def lines(path):
    """The instructions of a Containerfile: their names and the rest of the line."""
    for line in pathlib.Path(path).read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            yield name.upper(), rest.strip()


def build(given):
    """Builds an image."""
    layout = Layout(given.layout)
    layout.blobs.mkdir(parents=True)
    config, layers, history = {"Env": []}, [], []
    for name, rest in lines(given.containerfile):
        if name == "FROM":
            layers.append(tarred([(given.base, "")]))
        elif name == "COPY":
            *sources, target = shlex.split(rest)
            copied = [
                (os.path.join(given.context, source), target + os.path.basename(source) if target.endswith("/") else target)
                for source in sources
            ]
            layers.append(tarred(copied))
        elif name == "ENV":
            config["Env"].append(rest)
        elif name in ("ENTRYPOINT", "CMD"):
            config["Entrypoint" if name == "ENTRYPOINT" else "Cmd"] = json.loads(rest)
        elif name != "ARG":
            raise SystemExit(f"{name} is not known here")
        history.append({"created_by": f"{name} {rest}", "empty_layer": name not in ("FROM", "COPY")})
    image = {
        "architecture": ARCHITECTURES[platform.machine()], "os": "linux", "config": config, "history": history,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]},
    }
    manifest = {
        "schemaVersion": 2, "mediaType": MANIFEST, "config": layout.add(json.dumps(image).encode(), CONFIG),
        "layers": [layout.add(gzip.compress(layer, compresslevel=1, mtime=0), LAYER) for layer in layers],
    }
    layout.write(layout.add(json.dumps(manifest).encode(), MANIFEST))
    for layer in manifest["layers"]:
        print(f"layer {layer['digest']} {layer['size']:,} bytes")


def tarred(entries):
    """A layer: files and folders as root's, without times, so that equal content is an equal layer."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as archive:
        for source, target in entries:
            archive.add(source, target.lstrip("/") or ".", filter=plain)
    return output.getvalue()


def plain(entry):
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry


def run(given):
    """Runs an image and ends as it does."""
    layout = Layout(given.layout)
    manifest = layout.manifest()
    config = json.loads(layout.get(manifest["config"]))
    with tempfile.TemporaryDirectory(prefix="image-") as root:
        for descriptor, digest in zip(manifest["layers"], config["rootfs"]["diff_ids"], strict=True):
            layer = gzip.decompress(layout.get(descriptor))
            if f"sha256:{hashlib.sha256(layer).hexdigest()}" != digest:
                raise SystemExit(f"a layer is not {digest}")
            with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
                archive.extractall(root, filter="tar")
        for folder in ("proc", "dev", "tmp"):
            os.makedirs(os.path.join(root, folder), exist_ok=True)
        settings = config["config"]
        command = settings.get("Entrypoint", []) + (given.arguments or settings.get("Cmd", []))
        environment = dict(pair.split("=", 1) for pair in settings["Env"]) | os.environ
        environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        isolated = namespaces()
        process = subprocess.Popen([*isolated, "sh", "-c", MOUNTS, "sh", root, *command], env=environment)
        # The first process of the namespace gets what this one gets.
        signal.signal(signal.SIGTERM, lambda *_: forward(process))
        return process.wait()


def namespaces():
    """How a command gets namespaces of its own: as a user of its own, or else as the root of this machine."""
    own = ["--mount", "--pid", "--fork", "--kill-child"]
    for user in (["--user", "--map-root-user"], []):
        isolated = ["unshare", *user, *own]
        if subprocess.run([*isolated, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return isolated
    raise SystemExit("an image needs namespaces, and this machine gives none to this user")


def forward(process):
    """Hands SIGTERM on to the image's first process, which unshare does not do."""
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for child in children:
        os.kill(int(child), signal.SIGTERM)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    making = commands.add_parser("build")
    for name in ("containerfile", "context", "layout"):
        making.add_argument(name)
    making.add_argument("--base", required=True)
    making.set_defaults(do=build)
    running = commands.add_parser("run")
    running.add_argument("layout")
    running.add_argument("arguments", nargs="*")
    running.set_defaults(do=run)
    given = parser.parse_args()
    sys.exit(given.do(given))


if __name__ == "__main__":
    main()
