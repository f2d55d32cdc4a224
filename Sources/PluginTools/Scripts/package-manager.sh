# shellcheck shell=sh
# Stands in the place of a package manager: keeps names in a directory. Words that are verbs or options are none.

for word do
    case $word in
    -*|*=*|install|add|update|upgrade|clean|packages|all) ;;
    *) [ -e "/var/lib/stubs/$word" ] || : > "/var/lib/stubs/$word" ;;
    esac
done
