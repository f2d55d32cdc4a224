# shellcheck shell=sh
# Prints an empty line and the contents of a regular file; nothing where there is none.
#
# file   its path
# limit  the most bytes it may have
: "${file:?}" "${limit:?}"

if [ -f "$file" ] && [ ! -L "$file" ] && [ "$(wc -c <"$file")" -le "$limit" ]; then
    echo
    exec cat "$file"
fi
