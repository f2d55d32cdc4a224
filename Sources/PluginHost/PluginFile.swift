/// A plugin's file as found on a search path; nothing of it was loaded yet.
///
/// - SeeAlso: `docs/decisions/0073-plugin-file-names.md`
package struct PluginFile: Hashable, Sendable {
    /// Absolute, or relative to the working directory as the search path was.
    package var path: String
    /// The plugin's name by its file name: `libCisoOpenBSD.so` is `openbsd`. Loading checks that it is true.
    package var name: String

    /// Nil unless the last part of `path` is `libCiso….so` with letters and digits between.
    package init?(path: String) {
        guard let file = path.split(separator: "/").last, file.hasPrefix(Self.prefix), file.hasSuffix(Self.suffix),
            file.count > Self.prefix.count + Self.suffix.count
        else { return nil }
        let stem = file.dropFirst(Self.prefix.count).dropLast(Self.suffix.count)
        guard stem.utf8.allSatisfy({ isLetterOrDigit($0) }) else { return nil }
        self.path = path
        self.name = stem.lowercased()
    }

    private static let prefix = "libCiso"
    private static let suffix = ".so"

    /// Whether a plugin that calls itself `name` may be in this file: hyphens are left out of file names.
    func mayHold(_ name: String) -> Bool {
        self.name == name.filter { $0 != "-" }
    }
}

package func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
    default: false
    }
}
