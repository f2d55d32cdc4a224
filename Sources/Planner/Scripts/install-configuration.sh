# Installs what 'mirage configure' has generated, with the files it was generated from, and its opam file by itself.
# usage: ciso-install.sh FOLDER
set -- "$1" mirage/*.opam
if [ ! -e "$2" ] && [ ! -L "$2" ]; then
    echo "error: 'mirage configure' generated no opam file mirage/*.opam" >&2
    exit 1
fi
if [ $# -ne 2 ]; then
    shift
    echo "error: 'mirage configure' generated more than one opam file: $*" >&2
    exit 1
fi
if [ ! -f "$2" ] || [ ! -s "$2" ]; then
    echo "error: 'mirage configure' generated no file with contents at $2" >&2
    exit 1
fi
mkdir -p "$1"
cp "$2" "$1/opam"
rm -rf _build ciso-install.sh
cp -R . "$1/files"
