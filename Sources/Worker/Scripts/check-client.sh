# shellcheck shell=sh
# Checks that the opam client is the expected one and installs a package whose only file says that its commands were run.
#
# expected  the version of the client
# file      the file that the package installs
: "${expected:?}" "${file:?}"

found=$(opam --version)
if [ "$found" != "$expected" ]; then
    echo "it is opam $found, not $expected"
    exit 1
fi
opam install --verbose check.1
test "$(cat "$file")" = works
