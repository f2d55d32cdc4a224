/// The location of a remote repository: a URL, or a directory on this machine.
package enum RemoteAddress: Hashable, Sendable, CustomStringConvertible {
    case url(String)
    case path(String)

    var isPath: Bool {
        if case .path = self { true } else { false }
    }

    /// The form for libgit2, which takes a path with a colon for a host, and a percent sign in a URL for an escape.
    var url: String {
        switch self {
        case .url(let url): url
        case .path(let path): "file://" + path.utf8.map(Self.escaped).joined()
        }
    }

    private static func escaped(_ byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: "."):
            String(UnicodeScalar(byte))
        default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
    }

    package var description: String {
        switch self {
        case .url(let text), .path(let text): text
        }
    }
}
