internal import Git

/// The parsed contents of a reference's file, by the rules common to git and libgit2.
enum ReferenceContents: Equatable {
    case commit(ObjectID)
    /// The name of another reference.
    case symbolic(String)

    private static let prefix = Array("ref: ".utf8)
    /// Git's white space; Swift and libgit2 include more characters.
    private static let whitespace = Array(" \t\n\r".utf8)

    /// Parses `bytes`; nil if git would not accept them.
    init?(_ bytes: [UInt8]) {
        let line = bytes[..<(bytes.lastIndex { !Self.whitespace.contains($0) }.map { $0 + 1 } ?? 0)]
        guard line.starts(with: Self.prefix) else {
            guard let id = ObjectID(hex: line) else { return nil }
            self = .commit(id)
            return
        }
        let name = String(decoding: line.dropFirst(Self.prefix.count), as: UTF8.self)
        guard GitRepository.isValid(referenceName: name) else { return nil }
        self = .symbolic(name)
    }
}
