# shellcheck shell=sh
# Unpacks an archive as opam does: where it holds a file or a link at its top, all of it is the source; else it must hold
# one directory, and that is the source (opam 2.0 to 2.5, OpamSystem.extract_job).
#
# file       the archive, absolute
# archive    its name, for messages
# subpath    the package's folder inside the source; empty: the source itself
# directory  the build directory, absolute, which must not exist
: "${file:?}" "${archive:?}" "${subpath?}" "${directory:?}"

umask 022
aside=$directory.unpacked
mkdir -p "$aside"
case $(dd if="$file" bs=2 count=1 2>/dev/null) in
# With -q, as opam does not call it, unzip takes names that it leaves out for no error.
PK) unzip "$file" -d "$aside" >/dev/null ;;
# GNU's program where the system has it beside its own, as opam prefers it on the BSDs: theirs may know less.
*) "$(command -v gtar || echo tar)" -xf "$file" -C "$aside" ;;
esac

# pax_global_header is what old programs make of the comment in git's archives.
set -- "$aside"/* "$aside"/.[!.]* "$aside"/..?*
count=0 files=no names=
for entry do
    if [ -d "$entry" ] && [ ! -L "$entry" ]; then
        count=$((count + 1))
        top=$entry
        [ $count -gt 8 ] || names="$names${names:+, }'${entry##*/}'"
    elif [ -e "$entry" ] || [ -L "$entry" ]; then
        case ${entry##*/} in *pax_global_header*) ;; *) files=yes ;; esac
    fi
done
if [ $files = yes ]; then
    top=$aside
elif [ $count -eq 0 ]; then
    echo "Error: the archive '$archive' is empty" >&2
    exit 1
elif [ $count -gt 1 ]; then
    [ $count -le 8 ] || names="$names, …"
    echo "Error: the archive '$archive' contains multiple root directories: $names" >&2
    exit 1
fi

if [ ! -d "$top/$subpath" ]; then
    echo "Error: the archive '$archive' has no directory '$subpath'" >&2
    exit 1
fi
mv "$top/$subpath" "$directory"
rm -rf "$aside"
