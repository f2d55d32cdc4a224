# Installs what 'mirage configure' has generated, with the files it was generated from, and its opam file by itself.
# usage: ciso-install.sh FOLDER
set -- "$1" mirage/*.opam
if [ $# -ne 2 ] || [ ! -f "$2" ]; then
    shift
    echo "error: 'mirage configure' generated no single opam file: found $*" >&2
    exit 1
fi
mkdir -p "$1"
cp "$2" "$1/opam"
rm -rf _build ciso-install.sh
cp -R . "$1/files"
