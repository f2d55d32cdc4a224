# shellcheck shell=sh
# Puts an archive that was sent into the cache, and beside it the list of its members that mark removed files.
#
# cache  the directory of the cache
# part   the archive
# layer  the layer's name
: "${cache:?}" "${part:?}" "${layer:?}"

cd "$cache" || exit 1
tar -tf "$part" | LC_ALL=C grep -F .wh. >"$layer.gone"
[ -s "$layer.gone" ] || rm -f "$layer.gone"
mv "$part" "$layer.tar"
