# shellcheck shell=sh
# Runs a shell whose input is a FIFO, with a terminal of its own where the user has one.
#
# shell     the shell's path
# keys      the FIFO
# terminal  yes or no
: "${shell:?}" "${keys:?}" "${terminal:?}"

[ "$terminal" = yes ] || exec "$shell" <"$keys"
if command -v script >/dev/null; then
    exec script -q -e -c "exec $shell -i" /dev/null <"$keys"
fi
exec "$shell" -i <"$keys"
