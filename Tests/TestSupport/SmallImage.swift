/// A Linux image of a megabyte: busybox, and the programs that a test adds.
package enum SmallImage {
    package static var isPossible: Bool { Program.areInstalled("busybox") && ImageLayout.isPossible }

    /// The lowest layer.
    ///
    /// - Parameter directory: where its files are put together.
    package static func base(in directory: TemporaryDirectory) throws -> ImageLayout.Layer {
        try directory.shell(
            """
            [ ! -e base ] || exit 0
            mkdir -p base/bin base/etc base/usr
            cp "$(command -v busybox)" base/bin/busybox
            for applet in $(busybox --list); do
                case $applet in
                    busybox|dpkg*|rpm*) ;;
                    *) ln -s busybox base/bin/$applet ;;
                esac
            done
            ln -s bin base/sbin
            ln -s ../bin base/usr/bin
            """)
        return ImageLayout.Layer([], directory: directory("base"))
    }

    /// The `os-release` of a distribution.
    package static func release(_ id: String, like: String? = nil, version: String) -> ImageLayout.Member {
        .file(
            "etc/os-release",
            "ID=\"\(id)\"\nVERSION_ID=\"\(version)\"\n" + (like.map { "ID_LIKE=\"\($0)\"\n" } ?? ""))
    }
}
