# shellcheck shell=sh
# Prints the paths of what is below a directory and is no directory.
#
# directory  the directory
# limit   the most paths
# "$@"    paths that are left out with all that is below them
: "${directory:?}" "${limit:?}"

for path; do
    shift
    set -- "$@" -path "$path" -prune -o
done
find "$directory" "$@" ! -type d -print 2>/dev/null | sed "${limit}q"
