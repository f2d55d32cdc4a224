/// A `name.install` file, which a build leaves in the root of its sources: the files to install.
///
/// - SeeAlso: `docs/decisions/0063-install-files.md`
/// - SeeAlso: `docs/decisions/0151-lenient-install-files.md`
public struct InstallFile: Sendable {
    /// The destinations. The manual of opam lists the directory of each section.
    public enum Section: String, Hashable, Sendable, CaseIterable {
        case bin, sbin, lib, libexec, toplevel, stublibs, share, etc, doc, man, misc, root, rootexec
        case libRoot = "lib_root"
        case libexecRoot = "libexec_root"
        case shareRoot = "share_root"

        /// Whether files are installed as executables.
        public var isExecutable: Bool {
            switch self {
            case .bin, .sbin, .libexec, .libexecRoot, .stublibs, .rootexec: true
            default: false
            }
        }
    }

    /// A file to install.
    public struct Entry: Hashable, Sendable {
        /// The section: `bin:`, `lib:`, `man:` and so on.
        public var section: Section
        /// The path relative to the root of the sources; bytes, usually UTF-8.
        public var sourceBytes: [UInt8]
        /// The path relative to the section's directory, by default the last component of the source. In
        /// ``Section/misc``, absolute. It may contain `..`, as in some packages: the installer checks the resulting
        /// path.
        public var destinationBytes: [UInt8]
        /// Whether the source may be missing: `"?name"`.
        public var isOptional: Bool

        /// The source for messages.
        public var source: String { String(decoding: sourceBytes, as: UTF8.self) }
        /// The destination for messages.
        public var destination: String { String(decoding: destinationBytes, as: UTF8.self) }
    }

    /// The parsed file.
    public let tree: SyntaxTree
    /// The entries in the order of the file.
    public let entries: [Entry]
    /// The errors in the fields. As in opam, invalid fields are omitted from ``entries`` as a whole, and repeated
    /// fields are ignored.
    public let problems: [FormatError]

    /// Parses the file.
    ///
    /// - Throws: The errors for which opam ignores the whole file: a syntax error, an unknown version of the format, or
    ///   a manual page without a chapter.
    public init(parsing bytes: [UInt8], file: String) throws(FormatError) {
        tree = try SyntaxTree(parsing: bytes, file: file)
        var entries: [Entry] = []
        var problems: [FormatError] = []
        var seen: Set<String> = []
        for item in tree.items {
            let (name, node) =
                switch item {
                case .field(let field): (field.name, field.node)
                case .section(let section): ("", section.node)
                }
            do throws(Problem) {
                let found = try Self.entries(of: item)
                guard seen.insert(name).inserted else {
                    throw .ofField(FieldError(message: "the field '\(name)' occurs twice", node: node))
                }
                entries += found
            } catch {
                switch error {
                case .ofField(let error): problems.append(tree.error(error.message, at: error.node, field: name))
                case .ofFile(let error): throw tree.error(error.message, at: error.node, field: name)
                }
            }
        }
        self.entries = entries
        self.problems = problems
    }

    /// The file as recorded by opam: without the fields that it ignores.
    public var recorded: [UInt8] {
        guard !problems.isEmpty else { return tree.bytes }
        var bytes = Array("opam-version: \"2.0\"\n".utf8)
        for section in Section.allCases {
            let found = entries.filter { $0.section == section }
            guard !found.isEmpty else { continue }
            bytes += Array("\(section.rawValue): [".utf8)
            for entry in found {
                let source = (entry.isOptional ? [.questionMark] : []) + entry.sourceBytes
                bytes += Printer.quoted(source) + Array(" {".utf8) + Printer.quoted(entry.destinationBytes)
                bytes += Array("} ".utf8)
            }
            bytes += Array("]\n".utf8)
        }
        return bytes
    }

    /// The part of the file that an error makes unusable.
    fileprivate enum Problem: Error {
        case ofField(FieldError)
        case ofFile(FieldError)
    }

    private static func entries(of item: Item) throws(Problem) -> [Entry] {
        switch item {
        case .section(let section):
            throw .ofField(FieldError(message: "there is no section '\(section.kind)'", node: section.node))
        case .field(let field):
            if field.name == "opam-version" {
                try checkVersion(field.value)
                return []
            }
            guard let section = Section(rawValue: field.name) else {
                throw .ofField(FieldError(message: "there is no field '\(field.name)'", node: field.node))
            }
            let entries: [(entry: Entry, hasChapter: Bool)]
            do throws(FieldError) {
                entries = try field.value.elements { value throws(FieldError) in try value.installEntry(section) }
            } catch {
                throw .ofField(error)
            }
            guard entries.allSatisfy(\.hasChapter) else {
                throw .ofFile(
                    field.value.unexpected(
                        "pages with their chapter, as in \"name.1\", or destinations in braces"))
            }
            return entries.map(\.entry)
        }
    }

    private static func checkVersion(_ value: Value) throws(Problem) {
        do throws(FieldError) {
            _ = try value.formatVersion()
        } catch {
            throw .ofFile(error)
        }
    }
}

extension Value {
    /// - Returns: the entry, and whether it has a destination: a manual page needs a chapter.
    fileprivate func installEntry(_ section: InstallFile.Section) throws(FieldError)
        -> (entry: InstallFile.Entry, hasChapter: Bool)
    {
        let (name, braces) = withoutBraces
        let text = try name.stringBytes()
        let isOptional = text.first == .questionMark
        let source = isOptional ? Array(text.dropFirst()) : text
        let destination = try destination(braces, source, section)
        let entry = InstallFile.Entry(
            section: section, sourceBytes: source, destinationBytes: destination ?? [], isOptional: isOptional)
        return (entry, destination != nil)
    }

    private func destination(
        _ braces: Values, _ source: [UInt8], _ section: InstallFile.Section
    ) throws(FieldError) -> [UInt8]? {
        guard !braces.isEmpty else {
            let name = source.afterLast(UInt8(ascii: "/")) ?? source
            if section == .misc { throw unexpected("a destination in braces") }
            return section == .man ? manualPage(name) : name
        }
        guard let only = braces.only else { throw unexpected("one destination in the braces") }
        let destination = try only.stringBytes()
        let isAbsolute = destination.first == UInt8(ascii: "/")
        if isAbsolute != (section == .misc) {
            throw only.unexpected(section == .misc ? "an absolute path" : "a relative path")
        }
        return destination
    }

    /// The destination of a manual page in the directory of its chapter: `man1/ls.1` for `ls.1`. Nil if the name has no
    /// chapter.
    private func manualPage(_ name: [UInt8]) -> [UInt8]? {
        let page = name.ends(with: ".gz") ? Array(name.dropLast(3)) : name
        guard let chapter = page.afterLast(UInt8(ascii: "."))?.first,
            (UInt8(ascii: "1")...UInt8(ascii: "8")).contains(chapter)
        else { return nil }
        return Array("man".utf8) + [chapter, UInt8(ascii: "/")] + name
    }
}

extension [UInt8] {
    /// The part after the last `separator`; nil if there is none.
    fileprivate func afterLast(_ separator: UInt8) -> [UInt8]? {
        lastIndex(of: separator).map { Array(self[($0 + 1)...]) }
    }

    fileprivate func ends(with suffix: StaticString) -> Bool {
        suffix.withUTF8Buffer { self.suffix($0.count).elementsEqual($0) }
    }
}
