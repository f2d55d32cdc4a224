/// The location of files and their checksums: a section `url` or `extra-source`.
public struct Source: Hashable, Sendable {
    /// The URL as written: `https://…`, `git+https://…#branch`, a path.
    public var url: String
    /// The checksums in the order of the file, often not the strongest first.
    public var checksums: [Checksum]
    /// Further URLs, tried in order after `url`.
    public var mirrors: [String]
    /// The package's directory in the source.
    public var subpath: String?

    public init(url: String, checksums: [Checksum] = [], mirrors: [String] = [], subpath: String? = nil) {
        self.url = url
        self.checksums = checksums
        self.mirrors = mirrors
        self.subpath = subpath
    }
}

/// The checksum of a file, written `kind=hexadecimal`; without a kind it is MD5.
public struct Checksum: Hashable, Sendable, CustomStringConvertible {
    /// The algorithms that opam supports.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case md5, sha256, sha512

        var digits: Int {
            switch self {
            case .md5: 32
            case .sha256: 64
            case .sha512: 128
            }
        }
    }

    /// The algorithm.
    public var kind: Kind
    /// The hexadecimal digits in lower case.
    public var hexadecimal: String

    /// Parses a checksum; nil if the kind is unknown or the number of digits is wrong.
    public init?(_ text: String) {
        var kind = Kind.md5
        var digits = text
        if let (name, rest) = text.cutAtLast("=") {
            guard let named = Kind(rawValue: name) else { return nil }
            kind = named
            digits = rest
        }
        guard digits.utf8.count == kind.digits, digits.utf8.allSatisfy({ $0.hexadecimalValue != nil }) else {
            return nil
        }
        self.kind = kind
        self.hexadecimal = digits.lowercased()
    }

    public var description: String { "\(kind.rawValue)=\(hexadecimal)" }
}

/// A file with its expected checksum.
public struct CheckedFile: Hashable, Sendable {
    /// The name of the file relative to its destination; bytes, usually UTF-8.
    public var nameBytes: [UInt8]
    /// The expected checksum.
    public var checksum: Checksum

    /// The name for messages.
    public var name: String { String(decoding: nameBytes, as: UTF8.self) }
}

/// An additional source, and the name of its file in the package's source tree.
public struct ExtraSource: Hashable, Sendable {
    /// The name of the file; bytes, usually UTF-8.
    public var nameBytes: [UInt8]
    /// The source of the file.
    public var source: Source

    /// The name for messages.
    public var name: String { String(decoding: nameBytes, as: UTF8.self) }
}

extension Value {
    func checksum() throws(FieldError) -> Checksum {
        let text = try string()
        guard let checksum = Checksum(text) else {
            throw FieldError(message: "\"\(text)\" is not a checksum (md5=…, sha256=… or sha512=…)", node: node)
        }
        return checksum
    }

    /// `["name" "checksum"]`
    func checkedFile() throws(FieldError) -> CheckedFile {
        let (name, checksum) = try pair()
        return CheckedFile(nameBytes: try name.stringBytes(), checksum: try checksum.checksum())
    }
}

extension Items {
    /// The source described by the items of a section; nil without a URL.
    func source() -> Source? {
        let old = read(.git).map { $0.hasPrefix("git") ? $0 : "git+\($0)" }
        let url = Self.addresses.lazy.compactMap { read($0) }.first ?? old
        return url.map {
            Source(url: $0, checksums: read(.checksums), mirrors: read(.mirrors), subpath: read(.subpath))
        }
    }

    /// The fields that may contain the URL: `src`, and those from before opam 2.
    private static let addresses: [TypedField<String?>] = [
        .src, .archive, .http, .darcs, .hg, .local,
    ]
}

extension Schema {
    /// The fields of sections `url` and `extra-source`.
    static let source: Schema = {
        var schema = Schema()
        for field: TypedField<String?> in [.src, .archive, .http, .git, .darcs, .hg, .local, .subpath] {
            schema.add(field)
        }
        schema.add(.checksums)
        schema.add(.mirrors)
        return schema
    }()
}

extension TypedField where Content == String? {
    static let src = string("src")
    static let archive = string("archive")
    static let http = string("http")
    static let git = string("git")
    static let darcs = string("darcs")
    static let hg = string("hg")
    static let local = string("local")
    static let subpath = string("subpath")

    static func string(_ name: StaticString) -> TypedField {
        TypedField(name, absent: nil, isPlain: \.isString) { value throws(FieldError) in try value.string() }
    }
}

extension TypedField where Content == [Checksum] {
    static let checksums = TypedField("checksum", absent: []) { value throws(FieldError) in
        try value.elements { checksum throws(FieldError) in try checksum.checksum() }
    }
}

extension TypedField where Content == [String] {
    static let mirrors = strings("mirrors")

    static func strings(_ name: StaticString) -> TypedField {
        TypedField(name, absent: [], isPlain: \.areStrings) { value throws(FieldError) in
            try value.elements { text throws(FieldError) in try text.string() }
        }
    }
}
