internal import Core

/// The author or committer of a commit, with the time.
public struct Signature: Hashable, Sendable {
    /// The person's name.
    public var name: String
    /// The person's email address.
    public var email: String
    /// Seconds since 1970.
    public var time: Int64
    /// Minutes east of Greenwich.
    public var offset: Int

    public init(name: String, email: String, time: Int64, offset: Int = 0) {
        self.name = name
        self.email = email
        self.time = time
        self.offset = offset
    }

    /// Parses git's format, `NAME <EMAIL> SECONDS +HHMM`.
    init?(line: Substring) {
        let bytes = line.utf8
        guard let open = bytes.lastIndex(of: UInt8(ascii: "<")), let close = bytes.lastIndex(of: UInt8(ascii: ">")),
            open < close
        else { return nil }
        name = line[..<open].trimmingSpaces
        email = String(line[line.index(after: open)..<close])
        let parts = bytes[bytes.index(after: close)...].split(separator: UInt8(ascii: " ")).map(Substring.init)
        time = parts.first.flatMap { Int64($0) } ?? 0
        let zone = parts.dropFirst().first.flatMap { Int($0) } ?? 0
        offset = zone / 100 * 60 + zone % 100
    }

    /// Git's format; characters that would break the line or end the address are removed.
    var line: String {
        let hours = abs(offset) / 60 * 100 + abs(offset) % 60
        let digits = String(hours)
        let zone = (offset < 0 ? "-" : "+") + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        return "\(name.withoutDelimiters) <\(email.withoutDelimiters)> \(time) \(zone)"
    }
}

/// A commit: a tree, its parents and a message.
public struct Commit: Hashable, Sendable {
    /// The id of the tree.
    public var tree: ObjectID
    /// The parent commits, the first parent first; none for the first commit of a history.
    public var parents: [ObjectID]
    /// The author of the change, with the time.
    public var author: Signature
    /// The committer, with the time.
    public var committer: Signature
    /// The whole message including its trailers.
    public var message: String

    public init(
        tree: ObjectID, parents: [ObjectID], author: Signature, committer: Signature? = nil, message: String
    ) {
        self.tree = tree
        self.parents = parents
        self.author = author
        self.committer = committer ?? author
        self.message = message
    }

    /// Parses the contents of a commit object; nil if a mandatory part is missing.
    public init?(bytes: some Collection<UInt8>) {
        let text = String(decoding: bytes, as: UTF8.self)
        var lines = text[...]
        var tree: ObjectID?
        var author: Signature?
        var committer: Signature?
        parents = []
        while !lines.isEmpty {
            let end = lines.utf8.firstIndex(of: UInt8(ascii: "\n")) ?? lines.endIndex
            let line = lines[..<end]
            lines = end == lines.endIndex ? "" : lines[lines.utf8.index(after: end)...]
            if line.isEmpty { break }
            guard let space = line.utf8.firstIndex(of: UInt8(ascii: " ")) else { continue }
            let value = line[line.utf8.index(after: space)...]
            switch line[..<space] {
            case "tree": tree = ObjectID(hex: value)
            case "parent": parents += ObjectID(hex: value).map { [$0] } ?? []
            case "author": author = Signature(line: value)
            case "committer": committer = Signature(line: value)
            default: break
            }
        }
        guard let tree, let author, let committer else { return nil }
        self.tree = tree
        self.author = author
        self.committer = committer
        message = String(lines)
    }

    /// The contents of the commit object.
    public var bytes: [UInt8] {
        let author = author.line
        let committer = self.author == self.committer ? author : committer.line
        var text: [UInt8] = []
        func add(_ key: StaticString, _ value: String) {
            key.withUTF8Buffer { text.append(contentsOf: $0) }
            text.append(contentsOf: value.utf8)
            text.append(UInt8(ascii: "\n"))
        }
        text.reserveCapacity(200 + author.utf8.count * 2 + message.utf8.count)
        add("tree ", tree.hex)
        for parent in parents { add("parent ", parent.hex) }
        add("author ", author)
        add("committer ", committer)
        text.append(UInt8(ascii: "\n"))
        text.append(contentsOf: message.utf8)
        if message.utf8.contains(0) { text.removeAll { $0 == 0 } }
        if message.utf8.last != UInt8(ascii: "\n") { text.append(UInt8(ascii: "\n")) }
        return text
    }

    /// The first line of the message.
    public var subject: String {
        String(decoding: message.utf8.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// The `Key: value` lines of the last paragraph of the message, in order; empty if that is the first one.
    public var trailers: [(key: String, value: String)] {
        var paragraphs: [[Substring]] = [[]]
        for bytes in message.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            let line = Substring(bytes)
            if line.isEmpty {
                if paragraphs[paragraphs.count - 1].isEmpty { continue }
                paragraphs.append([])
            } else {
                paragraphs[paragraphs.count - 1].append(line)
            }
        }
        if paragraphs.last?.isEmpty == true { paragraphs.removeLast() }
        guard paragraphs.count > 1, let last = paragraphs.last else { return [] }
        return last.compactMap { line in
            guard let colon = line.firstIndex(of: ":"), !line[..<colon].contains(" ") else { return nil }
            return (String(line[..<colon]), line[line.index(after: colon)...].trimmingSpaces)
        }
    }
}

extension Substring {
    fileprivate var trimmingSpaces: String {
        let space = UInt8(ascii: " ")
        let rest = self[(utf8.firstIndex { $0 != space } ?? endIndex)...]
        return String(rest[..<(rest.utf8.lastIndex { $0 != space }.map(rest.utf8.index(after:)) ?? rest.startIndex)])
    }
}

extension String {
    fileprivate var withoutDelimiters: String {
        let isClean = utf8.allSatisfy { $0 >= 32 && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: ">") }
        if isClean { return self }
        return String(String.UnicodeScalarView(unicodeScalars.filter { $0.value >= 32 && $0 != "<" && $0 != ">" }))
    }
}
