# shellcheck shell=sh
# put MODE DESTINATION SOURCE… installs files of the build directory: DESTINATION ends with / where it is a directory;
# ?SOURCE may be missing. A file that is missing and may not be is named.
umask 022
missing=0
put() {
    mode=$1 destination=$2
    shift 2
    left=$#
    while [ "$left" -gt 0 ]; do
        source=$1
        shift
        left=$((left - 1))
        case $source in
        '?'*)
            source=${source#?}
            [ -f "./$source" ] || continue
            ;;
        esac
        if [ -f "./$source" ]; then
            set -- "$@" "./$source"
        else
            echo "Error: the .install file names '$source', which was not built" >&2
            missing=1
        fi
    done
    [ $# -gt 0 ] || return 0
    mkdir -p "${destination%/*}"
    case $destination in
    */) ;;
    *)
        if [ -d "$destination" ]; then
            echo "Error: the .install file names '$destination', which is a directory" >&2
            exit 1
        fi
        ;;
    esac
    [ ! -L "$destination" ] || rm -f "$destination"
    install -m "$mode" "$@" "$destination" || exit 1
}

# Ends the script, as a failure where a file was missing.
finish() {
    exit "$missing"
}
