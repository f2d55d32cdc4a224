# Runs the image of a unikernel, and judges its exit status and what it printed.
# usage: ciso-run.sh BACKEND MEBIBYTES STATUS IMAGE ARGUMENT...
backend=$1 memory=$2 expected=$3 image=$4
shift 4
manifest=${image%/*}/manifest.json
if [ "$backend" != unix ] && [ -f "$manifest" ]; then
    devices=$(grep -o '"name":[^,}]*' "$manifest" | sed 's/.*: *"\(.*\)".*/\1/' | tr '\n' ' ')
    if [ -n "$devices" ]; then
        echo "error: the unikernel needs the devices ${devices% }, but runs have no network and no block devices" >&2
        exit 1
    fi
fi
case $backend in
unix) set -- "$image" "$@" ;;
virtio)
    set -- qemu-system-x86_64 -accel tcg -m "$memory" -nodefaults -no-reboot -display none -serial stdio \
        -device isa-debug-exit -kernel "$image" -append "$*"
    ;;
*) set -- "solo5-$backend" "--mem=$memory" "$image" "$@" ;;
esac
echo "+ $*"
{
    "$@" </dev/null 2>&1
    echo $? >ciso-status
} | tee ciso-console
read -r status <ciso-status
if [ "$status" -ne "$expected" ]; then
    echo "error: the unikernel ended with exit status $status, expected $expected" >&2
    exit 1
fi
if [ -f ciso-expect ] && ! grep -F -q -f ciso-expect ciso-console; then
    echo "error: the unikernel did not print '$(cat ciso-expect)'" >&2
    exit 1
fi
