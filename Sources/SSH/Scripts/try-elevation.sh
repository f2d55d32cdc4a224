# shellcheck shell=sh
# Prints `yes` where "$@", the words that make the login root, work without a question; otherwise `no` and a message.

if message=$("$@" true 2>&1 </dev/null); then echo yes; else echo "no $message"; fi
