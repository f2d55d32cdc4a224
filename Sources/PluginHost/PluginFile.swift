internal import Core

/// The file of a plugin found on a search path and not loaded yet.
///
/// - SeeAlso: `docs/decisions/0073-plugin-file-names.md`
package struct PluginFile: Hashable, Sendable {
    /// The path, absolute or relative to the working directory like the search path.
    package var path: String
    /// The name derived from the file name: `libCisoOpenBSD.so` is `openbsd`. It is checked when the plugin is loaded.
    package var name: String

    /// Nil unless the last component of `path` is `libCiso….so` with letters and digits in between.
    package init?(path: String) {
        guard let file = path.pathNames.last, file.hasPrefix(Self.prefix), file.hasSuffix(Self.suffix),
            file.count > Self.prefix.count + Self.suffix.count
        else { return nil }
        let stem = file.dropFirst(Self.prefix.count).dropLast(Self.suffix.count)
        guard stem.utf8.allSatisfy({ isLetterOrDigit($0) }) else { return nil }
        self.path = path
        self.name = stem.lowercased()
    }

    private static let prefix = "libCiso"
    private static let suffix = ".so"

    /// Whether the file may contain a plugin called `name`: file names omit hyphens.
    func mayContain(pluginNamed name: String) -> Bool {
        self.name == name.filter { $0 != "-" }
    }
}

/// Whether a byte is an ASCII letter or digit.
package func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
    default: false
    }
}
