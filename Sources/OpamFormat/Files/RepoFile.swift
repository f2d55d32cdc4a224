/// A `repo` file, the description of a repository.
public struct RepoFile: Sendable {
    /// The parsed file.
    public let tree: SyntaxTree

    /// Parses the file.
    ///
    /// - Throws: A syntax error.
    public init(parsing bytes: [UInt8], file: String) throws(FormatError) {
        tree = try SyntaxTree(parsing: bytes, file: file)
    }

    /// The highest version of the format that its packages use.
    public var opamVersion: String? { tree.items.read(.opamVersion) }

    /// The URL for browsing the packages.
    public var browse: String? { tree.items.read(.browse) }

    /// The URL for contributing to the packages.
    public var upstream: String? { tree.items.read(.upstream) }

    /// URLs that replace that of the repository, with filters.
    public var redirect: [Filtered<String>] { tree.items.read(.redirect) }

    /// URLs of mirrors with the sources by checksum.
    public var archiveMirrors: [String] { tree.items.read(.archiveMirrors) }

    /// Announcements shown on update, with filters.
    public var announce: [Filtered<String>] { tree.items.read(.announce) }

    /// A text that changes when the repository does.
    public var stamp: String? { tree.items.read(.stamp) }

    /// All errors in the fields.
    public func problems() -> [FormatError] { Self.schema.problems(in: tree.items) }

    private static let schema: Schema = {
        var schema = Schema(allowsExtensions: true)
        for field: TypedField<String?> in [.opamVersion, .browse, .upstream, .stamp] { schema.add(field) }
        for field: TypedField<[Filtered<String>]> in [.redirect, .announce] { schema.add(field) }
        schema.add(TypedField<[String]>.archiveMirrors)
        return schema
    }()
}

extension TypedField where Content == String? {
    static let browse = string("browse")
    static let upstream = string("upstream")
    static let stamp = string("stamp")
}

extension TypedField where Content == [Filtered<String>] {
    static let redirect = filteredStrings("redirect")
    static let announce = filteredStrings("announce")
}

extension TypedField where Content == [String] {
    static let archiveMirrors = strings("archive-mirrors")
}
