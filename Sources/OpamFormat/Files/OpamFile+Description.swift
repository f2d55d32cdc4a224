/// The fields that describe a package to people.
extension OpamFile {
    /// The synopsis, one line.
    public var synopsis: String? { read(.synopsis)?.trimmed }
    /// The description, several lines.
    public var longDescription: String? { read(.description)?.trimmed }
    /// `maintainer:`, one string for each person.
    public var maintainers: [String] { read(.maintainers) }
    /// `authors:` and the older `author:`.
    public var authors: [String] { read(.authors) + read(.author) }
    /// `license:`, SPDX expressions in current packages.
    public var licenses: [String] { read(.licenses) }
    /// `tags:`.
    public var tags: [String] { read(.tags) }
    /// `homepage:`, URLs.
    public var homepages: [String] { read(.homepages) }
    /// `doc:`, URLs.
    public var documentation: [String] { read(.documentation) }
    /// `bug-reports:`, URLs or email addresses.
    public var bugReports: [String] { read(.bugReports) }
    /// `dev-repo:`, a URL as in `url:`; nil if it is absent.
    public var developmentRepository: String? { read(.developmentRepository) }

    /// Messages shown before installing.
    public var messages: [Filtered<String>] { read(.messages) }

    /// Messages shown after installing; their filters can contain the variables `success` and `failure`.
    public var postMessages: [Filtered<String>] { read(.postMessages) }
}

extension TypedField where Content == String? {
    /// `synopsis:`.
    public static let synopsis = string("synopsis")
    public static let description = string("description")
    /// `dev-repo:`.
    public static let developmentRepository = string("dev-repo")
    static let opamVersion = string("opam-version")
    static let oldDescription = string("descr")
}

extension TypedField where Content == [String] {
    /// `maintainer:`.
    public static let maintainers = strings("maintainer")
    /// `authors:`.
    public static let authors = strings("authors")
    static let author = strings("author")
    /// `license:`.
    public static let licenses = strings("license")
    /// `tags:`.
    public static let tags = strings("tags")
    /// `homepage:`.
    public static let homepages = strings("homepage")
    /// `doc:`.
    public static let documentation = strings("doc")
    /// `bug-reports:`.
    public static let bugReports = strings("bug-reports")
}

extension TypedField where Content == [Filtered<String>] {
    /// `messages:`: shown before the package is built, if their filters are true.
    public static let messages = filteredStrings("messages")
    /// `post-messages:`: shown after the build succeeded or failed.
    public static let postMessages = filteredStrings("post-messages")
    static let libraries = filteredStrings("libraries")
    static let syntax = filteredStrings("syntax")
}
