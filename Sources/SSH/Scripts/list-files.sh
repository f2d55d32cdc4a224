# shellcheck shell=sh
# Prints the paths of what is below a directory and is no directory.
#
# folder  the directory
# limit   the most paths
# "$@"    paths that are left out with all that is below them
: "${folder:?}" "${limit:?}"

for path; do
    shift
    set -- "$@" -path "$path" -prune -o
done
find "$folder" "$@" ! -type d -print 2>/dev/null | sed "${limit}q"
