/// Paths as the operating system and git read them: bytes, in which each slash ends a name.
///
/// To Swift, a slash and a combining character after it are one `Character` that differs from `"/"`, so
/// `split(separator: "/")`, `hasPrefix("/")` and `lastIndex(of: "/")` miss that slash. A path that comes from outside
/// is split and checked by these members.
extension StringProtocol {
    /// The names between the slashes of the path, without empty ones.
    package var pathNames: [String] {
        utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The last name of the path; empty if there is none.
    package var lastPathName: String {
        utf8.split(separator: UInt8(ascii: "/")).last.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// Whether the path begins with a slash.
    package var isAbsolutePath: Bool { utf8.first == UInt8(ascii: "/") }

    /// Whether the path, appended to a directory, leads to the directory or to something below it, apart from links: it
    /// is relative, has no `..`, and no zero byte, at which the operating system would end it.
    package var isPathInside: Bool {
        !isAbsolutePath && !utf8.contains(0) && !pathNames.contains("..")
    }

    /// The path up to its last slash, with that slash; empty if it has none.
    package var pathPrefix: String {
        let bytes = String(self).utf8
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "" }
        return String(decoding: bytes[...slash], as: UTF8.self)
    }
}
