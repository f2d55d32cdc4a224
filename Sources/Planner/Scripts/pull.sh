# Lays the generated files over the source, and the locked sources beside it.
# usage: ciso-pull.sh GENERATED
cp -R "$1/." .
mkdir -p duniverse
echo '(vendored_dirs *)' >duniverse/dune
while read -r directory archive; do
    folder="duniverse/$directory"
    mkdir -p "$folder.unpacked"
    case $archive in
    *.zip) unzip -q "$archive" -d "$folder.unpacked" ;;
    *) tar -xf "$archive" -C "$folder.unpacked" ;;
    esac
    # An archive with a single folder stands for that folder, as for opam.
    set -- "$folder.unpacked"/*
    if [ $# -eq 1 ] && [ -d "$1" ]; then
        mv "$1" "$folder"
        rm -rf "$folder.unpacked"
    else
        mv "$folder.unpacked" "$folder"
    fi
    echo "$folder: $archive"
done <ciso-sources
