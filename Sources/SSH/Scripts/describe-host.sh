# shellcheck shell=sh
# Prints the system, the login and how many MiB are free at its home, each on a line.

echo "$(uname -s) $(uname -r) $(uname -m)"
id -un
df -Pk . | awk 'NR == 2 { print int($4 / 1024) }'
