# shellcheck shell=sh
# Prints the system and the version of the C compiler, each on a line.
#
# path  where programs are found
: "${path?}"

PATH=$path
export PATH
echo "$(uname -s) $(uname -r) $(uname -m)"
cc --version 2>/dev/null | sed 1q
