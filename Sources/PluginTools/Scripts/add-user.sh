# shellcheck shell=sh
# A stub for useradd and adduser with the options of shadow and of busybox.

user='' number=1000 home=/nonexistent makes=no
case ${0##*/} in adduser) makes=yes ;; esac
while [ $# -gt 0 ]; do
    case $1 in
    -u) number=$2; shift ;;
    -d|-h) home=$2; shift ;;
    -g|-G|-s) shift ;;
    -m) makes=yes ;;
    -*) ;;
    *) user=$1 ;;
    esac
    shift
done
! grep -q "^$user:" /etc/passwd || { echo "$user exists" >&2; exit 9; }
echo "$user:x:$number:$number::$home:/bin/sh" >> /etc/passwd
[ $makes = no ] || { mkdir -p "$home"; chown "$number:$number" "$home"; }
