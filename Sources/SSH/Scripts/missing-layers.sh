# shellcheck shell=sh
# Prints those of the layers "$@" that the host's cache lacks. Others that were not used for a week are removed.
#
# cache  the directory of the cache, a sibling of the workspaces
: "${cache:?}"

mkdir -p "$cache" && cd "$cache" || exit 1
# First, because a saved machine that continues after a week has only old ones.
for layer; do touch -c "$layer.tar" "$layer.gone"; done
find . -type f -mtime +7 -exec rm -f {} + 2>/dev/null
for part in *.part.*; do
    [ -d "../ciso.${part##*.}" ] || rm -f "$part"
done
for layer; do
    [ -f "$layer.tar" ] || echo "$layer"
done
