# shellcheck shell=sh
# Stands in the place of a query for an installed package, named last.

for word do :; done
word=${word%-\*}
for file in "/var/lib/stubs/$word"*; do [ ! -e "$file" ] || exit 0; done
exit 1
