internal import Git

/// The file `packed-refs`, read line by line: of a damaged one, the lines that are whole.
struct PackedReferences {
    private(set) var entries: [(name: String, id: ObjectID)] = []
    /// Lines that are none.
    private(set) var damagedLines = 0
    let path: String

    init(_ layout: Layout) {
        path = "\(layout.root)/packed-refs"
        if let bytes = try? fileContents(path) { read(bytes) }
    }

    private mutating func read(_ bytes: [UInt8]) {
        if let last = bytes.last, last != UInt8(ascii: "\n") { damagedLines += 1 }
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true) {
            if line.first == UInt8(ascii: "#") { continue }
            if line.first == UInt8(ascii: "^"), ObjectID(hex: line.dropFirst()) != nil { continue }
            let name = String(decoding: line.dropFirst(41), as: UTF8.self)
            guard line.count > 41, let id = ObjectID(hex: line.prefix(40)),
                line.dropFirst(40).first == UInt8(ascii: " "),
                GitRepository.isValid(referenceName: name)
            else {
                damagedLines += 1
                continue
            }
            entries.append((name, id))
        }
    }

    mutating func remove(_ name: String) { entries.removeAll { $0.name == name } }

    /// The file with the lines that are whole.
    var bytes: [UInt8] {
        let sorted = entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        return Array(("# pack-refs with: sorted \n" + sorted.map { "\($0.id) \($0.name)\n" }.joined()).utf8)
    }
}
