/// What a repository says of itself: its `repo` file.
public struct RepoFile: Sendable {
    /// The parsed file.
    public let tree: SyntaxTree

    /// Parses the file.
    ///
    /// - Throws: An error of the syntax.
    public init(parsing bytes: [UInt8], file: String) throws(FormatError) {
        tree = try SyntaxTree(parsing: bytes, file: file)
    }

    /// The version of the format that its packages need at most.
    public var opamVersion: String? { tree.items.read(.opamVersion) }

    /// Where people can look at the packages.
    public var browse: String? { tree.items.read(.browse) }

    /// Where the packages are edited.
    public var upstream: String? { tree.items.read(.upstream) }

    /// Other places to use instead, each under a condition.
    public var redirect: [Filtered<String>] { tree.items.read(.redirect) }

    /// Where copies of the sources are, by their checksums.
    public var archiveMirrors: [String] { tree.items.read(.archiveMirrors) }

    /// Told to those who update, each under a condition.
    public var announce: [Filtered<String>] { tree.items.read(.announce) }

    /// A text that changes when the repository does.
    public var stamp: String? { tree.items.read(.stamp) }

    /// Everything that is wrong in the fields.
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
