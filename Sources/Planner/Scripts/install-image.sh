# Installs the image of a unikernel, and what describes it.
# usage: ciso-install.sh BACKEND NAME FOLDER
backend=$1 name=$2 folder=$3
case $backend in
unix) extension= ;;
qubes) extension=.xen ;;
*) extension=.$backend ;;
esac
image=""
count=0
for file in dist/*"$extension"; do
    [ -f "$file" ] || continue
    if [ "$backend" = unix ] && [ ! -x "$file" ]; then continue; fi
    image=$file count=$((count + 1))
done
if [ "$count" -ne 1 ]; then
    set -- dist/*
    if [ ! -e "$1" ]; then set -- nothing; fi
    echo "error: 'dune build' left no single image dist/*$extension: found $*" >&2
    exit 1
fi
mkdir -p "$folder"
case $backend in
unix) cp "$image" "$folder/$name" ;;
*) cp "$image" "$folder/$name.$backend" ;;
esac
for file in *.xl *.xl.in *.xe *_libvirt.xml dist/*.xl dist/*.xe dist/*.xml mirage/manifest.json; do
    if [ -f "$file" ]; then cp "$file" "$folder/"; fi
done
# What describes the domain for Xen names the image by the name that mirage gives it.
for file in "$folder"/*.xl; do
    if [ -f "$file" ]; then sed -i "s|^kernel = '${image#dist/}'|kernel = '$name.$backend'|" "$file"; fi
done
