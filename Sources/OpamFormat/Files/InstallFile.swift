/// What a package installs: a `name.install` file, left by a build in the root of its sources.
public struct InstallFile: Sendable {
    /// Where files go. The manual of opam says what folder each section is.
    public enum Section: String, Hashable, Sendable, CaseIterable {
        case bin, sbin, lib, libexec, toplevel, stublibs, share, etc, doc, man, misc, root, rootexec
        case libRoot = "lib_root"
        case libexecRoot = "libexec_root"
        case shareRoot = "share_root"

        /// Whether files get the permission to be executed.
        public var isExecutable: Bool {
            switch self {
            case .bin, .sbin, .libexec, .libexecRoot, .stublibs, .rootexec: true
            default: false
            }
        }
    }

    /// A file to install.
    public struct Entry: Hashable, Sendable {
        /// Where the files go: `bin:`, `lib:`, `man:` and the like.
        public var section: Section
        /// Relative to the root of the sources.
        public var source: String
        /// Relative to the folder of the section; the last part of the source where the file says nothing else. In
        /// ``Section/misc``, absolute. It may have `..` in it, as some packages do: whoever installs checks where it
        /// leads.
        public var destination: String
        /// Whether it is no error that the source isn't there: `"?name"`.
        public var isOptional: Bool
    }

    /// The parsed file.
    public let tree: SyntaxTree
    /// In the order of the file.
    public let entries: [Entry]
    /// What is wrong in the fields; these are left out of ``entries``.
    public let problems: [FormatError]

    /// Parses the file.
    ///
    /// - Throws: An error of the syntax.
    public init(parsing bytes: [UInt8], file: String) throws(FormatError) {
        tree = try SyntaxTree(parsing: bytes, file: file)
        var entries: [Entry] = []
        var problems: [FormatError] = []
        for item in tree.items {
            do throws(FieldError) {
                entries += try Self.entries(of: item)
            } catch {
                let field = if case .field(let field) = item { field.name } else { "" }
                problems.append(tree.error(error.message, at: error.node, field: field))
            }
        }
        self.entries = entries
        self.problems = problems
    }

    private static func entries(of item: Item) throws(FieldError) -> [Entry] {
        switch item {
        case .section(let section):
            throw FieldError(message: "there is no section '\(section.kind)'", node: section.node)
        case .field(let field):
            if field.name == "opam-version" { return [] }
            guard let section = Section(rawValue: field.name) else {
                throw FieldError(message: "there is no field '\(field.name)'", node: field.node)
            }
            return try field.value.elements { value throws(FieldError) in try value.installEntry(section) }
        }
    }
}

extension Value {
    fileprivate func installEntry(_ section: InstallFile.Section) throws(FieldError) -> InstallFile.Entry {
        let (name, braces) = withoutBraces
        let text = try name.string()
        let isOptional = text.utf8.first == .questionMark
        let source = isOptional ? String(text.dropFirst()) : text
        return InstallFile.Entry(
            section: section, source: source, destination: try destination(braces, source, section),
            isOptional: isOptional)
    }

    private func destination(
        _ braces: Values, _ source: String, _ section: InstallFile.Section
    ) throws(FieldError) -> String {
        guard !braces.isEmpty else {
            let name = source.cutAtLast("/")?.1 ?? source
            if section == .misc { throw unexpected("a destination in braces") }
            return section == .man ? try manualPage(name) : name
        }
        guard let only = braces.only else { throw unexpected("one destination in the braces") }
        let destination = try only.string()
        let isAbsolute = destination.hasPrefix("/")
        if isAbsolute != (section == .misc) {
            throw only.unexpected(section == .misc ? "an absolute path" : "a relative path")
        }
        return destination
    }

    /// A page goes to the folder of its chapter: `ls.1` to `man1/ls.1`.
    private func manualPage(_ name: String) throws(FieldError) -> String {
        let page = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
        guard let chapter = page.cutAtLast(".")?.1.utf8.first, (UInt8(ascii: "1")...UInt8(ascii: "8")).contains(chapter)
        else {
            throw unexpected("a page with its chapter, as in \"name.1\", or a destination in braces")
        }
        return "man\(Character(UnicodeScalar(chapter)))/\(name)"
    }
}
