/// The fields that describe a package to people.
extension OpamFile {
    /// One line.
    public var synopsis: String? { read(.synopsis)?.trimmed }
    /// Several lines.
    public var longDescription: String? { read(.description)?.trimmed }
    public var maintainers: [String] { read(.maintainers) }
    public var authors: [String] { read(.authors) + read(.author) }
    public var licenses: [String] { read(.licenses) }
    public var tags: [String] { read(.tags) }
    public var homepages: [String] { read(.homepages) }
    public var documentation: [String] { read(.documentation) }
    public var bugReports: [String] { read(.bugReports) }
    public var developmentRepository: String? { read(.developmentRepository) }

    /// Shown before installing.
    public var messages: [Filtered<String>] { read(.messages) }

    /// Shown after installing; the variables `success` and `failure` can be in the filters.
    public var postMessages: [Filtered<String>] { read(.postMessages) }
}

extension TypedField where Content == String? {
    public static let synopsis = string("synopsis")
    public static let description = string("description")
    public static let developmentRepository = string("dev-repo")
    static let opamVersion = string("opam-version")
    static let oldDescription = string("descr")
}

extension TypedField where Content == [String] {
    public static let maintainers = strings("maintainer")
    public static let authors = strings("authors")
    static let author = strings("author")
    public static let licenses = strings("license")
    public static let tags = strings("tags")
    public static let homepages = strings("homepage")
    public static let documentation = strings("doc")
    public static let bugReports = strings("bug-reports")
}

extension TypedField where Content == [Filtered<String>] {
    public static let messages = filteredStrings("messages")
    public static let postMessages = filteredStrings("post-messages")
    static let libraries = filteredStrings("libraries")
    static let syntax = filteredStrings("syntax")
}
