internal import Git
internal import System

/// The file `packed-refs`, parsed line by line: the valid lines of a damaged file are kept.
struct PackedReferences {
    private(set) var entries: [(name: String, id: ObjectID)] = []
    /// The number of invalid lines.
    private(set) var damagedLines = 0
    /// Whether the lines are sorted, as required by readers that search for names.
    var isSorted: Bool {
        zip(entries, entries.dropFirst()).allSatisfy { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
    let path: String

    init(_ layout: Layout) {
        path = "\(layout.root)/packed-refs"
        if let bytes = try? Files.contents(of: path) { read(bytes) }
    }

    /// Parses each line like stock git, which rejects the whole file if one line is invalid.
    private mutating func read(_ bytes: [UInt8]) {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        // A last line without a line feed was truncated.
        if let last = lines.popLast(), !last.isEmpty { damagedLines += 1 }
        var mayBePeeled = false
        for (number, line) in lines.enumerated() {
            if number == 0, line.starts(with: Self.header) { continue }
            if mayBePeeled, line.first == UInt8(ascii: "^"), ObjectID(hex: line.dropFirst()) != nil {
                mayBePeeled = false
                continue
            }
            let entry = Self.entry(line)
            mayBePeeled = entry != nil
            if let entry { entries.append(entry) } else { damagedLines += 1 }
        }
    }

    private static let header = Array("# pack-refs with:".utf8)

    private static func entry(_ line: ArraySlice<UInt8>) -> (name: String, id: ObjectID)? {
        // A name that is not valid UTF-8 cannot be a branch of ours; with replacement characters it would be another
        // one.
        guard line.count > 41, let id = ObjectID(hex: line.prefix(40)), line.dropFirst(40).first == UInt8(ascii: " "),
            let name = String(validating: line.dropFirst(41), as: UTF8.self),
            name.hasPrefix("refs/"), GitRepository.isValid(referenceName: name)
        else { return nil }
        return (name, id)
    }

    mutating func remove(_ name: String) { entries.removeAll { $0.name == name } }

    /// The file with the valid lines.
    var bytes: [UInt8] {
        let sorted = entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        return Array(("# pack-refs with: sorted \n" + sorted.map { "\($0.id) \($0.name)\n" }.joined()).utf8)
    }
}
