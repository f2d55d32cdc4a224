# shellcheck shell=sh
# Unpacks the layers "$@", the lowest first, over each other. What a layer removes is removed before it is unpacked, its
# marks afterwards.
#
# cache   the directory of the cache
# directory  where they are unpacked
: "${cache:?}" "${directory:?}"

mkdir -p "$directory" && cd "$directory" || exit 1
for layer; do
    gone=$cache/$layer.gone
    [ ! -f "$gone" ] || while read -r path; do
        name=${path##*/} parent=./
        case $path in */*) parent=./${path%/*} ;; esac
        case $name in
        .wh..wh..opq)
            rm -rf "$parent"
            mkdir -p "$parent"
            ;;
        .wh.?*) rm -rf "${parent:?}/${name#.wh.}" ;;
        esac
    done <"$gone"
    tar -xpf "$cache/$layer.tar" || exit 1
    [ ! -f "$gone" ] || while read -r path; do
        case ${path##*/} in .wh.*) rm -f "./$path" ;; esac
    done <"$gone"
done
